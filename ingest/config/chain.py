"""The files that a job is composed of, each read once, and what keeps them from being composed."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from ingest.config import references, yaml_traps
from ingest.config.files import GLOBAL_GROUPS, ConfFile, Entry, read
from ingest.config.folders import find
from ingest.config.places import COMMAND_LINE, Place, Problem, dotted

_HYDRA = re.compile(r"(?:(?:override|optional)\s+)*/?hydra(?:[/@:.]|$)")
OWN_SETTINGS = (
    "this would set Hydra itself, which loads job files. Remove this key. To take job files from "
    "another folder, use --conf DIR."
)


class Chain:
    """Files of configuration by their name in the groups (`config`, `job/flights`)."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = tuple(folders)
        self.files: dict[str, ConfFile] = {}

    def read(self, name: str) -> None:
        """Read a file and those that its defaults choose, as far as they are there.

        Before Hydra does: it says neither what is wrong with a file nor in which line.
        """
        path = find(self.folders, name)
        if path is None or name in self.files:
            return
        self.files[name] = read(name, path)
        for chosen in _chosen(self.files[name]):
            self.read(chosen)

    @property
    def broken(self) -> list[Problem]:
        """What must be fixed before anything can be composed, and whatever else is wrong there."""
        return [problem for file in self.files.values() for problem in _broken(file)]

    @property
    def usual_groups(self) -> frozenset[str]:
        """The groups from which the primary config chooses, whatever else does."""
        keys = (entry.key for entry in _defaults(self.files["config"]))
        return frozenset(str(key.value) for key in keys if isinstance(key, yaml.ScalarNode))

    def place(self, name: str, text: str = "") -> Place:
        """Return where the defaults of a file mention a text, else its first line."""
        file = self.files[name]
        lines = [entry.line for entry in _defaults(file) if text and text in _texts(entry)]
        return file.place(lines[0] if lines else 1)

    def last_mention(self, group: str) -> Place:
        """Return the last place, in the order of reading, where defaults choose from a group."""
        places = [
            file.place(entry.line)
            for file in self.files.values()
            for entry in _defaults(file)
            if any(group in text for text in _texts(entry))
        ]
        return [COMMAND_LINE, *places][-1]


def _defaults(file: ConfFile) -> list[Entry]:
    return [entry for entry in file.entries if entry.path[:1] == ("defaults",)]


def _texts(entry: Entry) -> list[str]:
    return [
        str(node.value) for node in (entry.key, entry.node) if isinstance(node, yaml.ScalarNode)
    ]


def _chosen(file: ConfFile) -> Iterator[str]:
    """List the files that the defaults of a file choose: `cluster/local` for `cluster: local`."""
    own, _, _ = file.name.rpartition("/")
    for entry in _defaults(file):
        if isinstance(entry.node, yaml.ScalarNode):
            keys = [str(part) for part in entry.path[2:] if isinstance(part, str)]
            group = re.sub(r"^((override|optional)\s+)*|@.*$", "", "".join(keys))
            yield "/".join(filter(None, (own, group, entry.node.value))).rpartition("//")[2]


def _broken(file: ConfFile) -> list[Problem]:
    problems = [
        *file.problems,
        *(
            Problem(file.place(entry.line), f"{dotted(entry.path) or file.name}: {text}")
            for entry in file.entries
            for text in (*_impossible(entry), *yaml_traps.unloadable(entry))
        ),
    ]
    if problems:
        nested = "/" in file.name and not file.name.startswith(GLOBAL_GROUPS)
        problems += yaml_traps.check(file, tuple(file.name.split("/")[:-1]) if nested else ())
    return problems


def _impossible(entry: Entry) -> Iterator[str]:
    in_defaults = entry.path[:1] == ("defaults",)
    if entry.path == ("hydra",) or (in_defaults and _HYDRA.match(_chooser(entry))):
        yield OWN_SETTINGS
    elif isinstance(entry.node, yaml.ScalarNode):
        check = references.mistake if in_defaults else references.unreadable
        yield from filter(None, [check(entry.node.value)])


def _chooser(entry: Entry) -> str:
    """Return the group that an item of the defaults chooses from, or the file that it names."""
    node = entry.key or (entry.node if len(entry.path) == 2 else None)
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""
