"""What files a path stands for, of which kind they are, and what a job should name."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ingest.core.dataclass import dataclass
from ingest.core.errors import BadRowError, ConfigError, FatalError
from ingest.core.partition import Slice
from ingest.core.registry import type_of
from ingest.formats import FORMATS, USUAL
from ingest.sources import SOURCES
from ingest.sources.endings import longest, types_by_ending
from ingest.sources.file_source import FileSource
from ingest.sources.files.foreign import HEAD_BYTES, foreign, refusal
from ingest.sources.files.identity import while_planning
from ingest.sources.files.listing import GLOB, list_inputs
from ingest.sources.files.opening import open_input, read_plain_head
from ingest.storage.uris import is_remote

_WEAK = ("", ".txt", ".txt.gz", ".txt.zst")
"""Endings that data files share with notes: they count only where there is no better one."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a job to be. `path` is what the job names, `type` the source that reads them.

    `passed_over` are files of the folder that it does not name; `remarks` say what else a folder
    or glob holds, and what it names twice.
    """

    path: str
    type: str
    files: tuple[Slice, ...]
    passed_over: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        """All files together, as they lie there."""
        return sum(piece.size for piece in self.files)

    @property
    def label(self) -> str:
        """What people call files of this type."""
        kind = SOURCES.load(self.type)
        return kind.format.label if kind and issubclass(kind, FileSource) else self.type

    def some(self, number: int) -> list[Slice]:
        """Return a few files from all over the list that hold anything, the first among them."""
        held = [piece for piece in self.files if piece.size]
        if len(held) <= number:
            return held
        return [held[place * (len(held) - 1) // (number - 1)] for place in range(number)]


def find_files(path: str) -> Listing:
    """List the files of a path: one, a folder of them, or a glob.

    Raises:
        ConfigError: nothing is there, all is empty, or a folder holds files of several kinds.
    """
    unusable = SOURCES.load_all()
    types = types_by_ending(guessable=True)
    inputs = list_inputs(path, tuple(types))
    files = inputs.slices
    if not any(piece.size for piece in files):
        raise ConfigError(f'"{path}": all files are empty. Name a file with rows')
    _refuse_samples(path, files)
    endings = {piece.uri: longest(types, piece.uri) for piece in files}
    strong = [piece for piece in files if endings[piece.uri] not in _WEAK]
    kept = strong if _is_folder(path) and strong else files
    kinds = Counter(types[ending] for piece in kept if (ending := endings[piece.uri]))
    if len(kinds) > 1:
        counts = ", ".join(f"{count} of {kind}" for kind, count in kinds.most_common())
        found = sorted({ending for piece in kept if (ending := endings[piece.uri])})
        raise ConfigError(
            f'"{path}": files of several kinds: {counts}. A job reads one kind. Name files of '
            f"one kind: ingest init '{path.rstrip('/')}/**/*{found[0]}'"
        )
    weak = all(endings[piece.uri] in _WEAK for piece in kept)
    first = next(piece for piece in kept if piece.size)
    kind = _kind_by_content(first) if weak or not kinds else next(iter(kinds))
    if len(kept) == len(files):
        listing = Listing(path, kind, tuple(files))
    else:
        found = sorted({endings[piece.uri] for piece in kept})
        listing = _without_notes(path, kind, found, kept, files)
    remarks = (*inputs.remarks, *(f"skipped: type {problem}" for problem in unusable))
    return replace(listing, remarks=remarks)


def _without_notes(
    path: str, kind: str, found: Sequence[str], kept: Sequence[Slice], files: Sequence[Slice]
) -> Listing:
    """Leave out text files beside data files, by naming the one ending that the others share."""
    if len(found) > 1:
        raise ConfigError(
            f'"{path}": files that end in {", ".join(found)}, and other text files beside '
            f"them. Name the files to read: ingest init '{path.rstrip('/')}/**/*{found[0]}'"
        )
    uris = {piece.uri for piece in kept}
    passed_over = tuple(piece.uri for piece in files if piece.uri not in uris)
    return Listing(f"{path.rstrip('/')}/**/*{found[0]}", kind, tuple(kept), passed_over)


def _refuse_samples(path: str, files: Sequence[Slice]) -> None:
    """Refuse a folder that holds the project itself: its jobs' samples are copies of input."""
    own = f"{Path.cwd()}/jobs/"
    if not _is_folder(path) or is_remote(path) or str(Path(path).resolve()).startswith(own[:-1]):
        return
    for piece in files:
        parts = piece.uri.removeprefix(own).split("/")
        if piece.uri.startswith(own) and len(parts) > 2 and parts[1] in {"sample", "expected"}:
            raise ConfigError(
                f'"{path}": contains the samples of jobs, such as {piece.uri}, which are copies. '
                f"Name the files to read: ingest init '{path.rstrip('/')}/*.csv'"
            )


def kind_by_name(uri: str) -> str | None:
    """Return the kind of file that an ending promises, if it does."""
    types = types_by_ending(guessable=True)
    return types.get(longest(types, uri))


def usual_ending(kind: str) -> str:
    """Return the ending that files of a kind usually have."""
    types = types_by_ending(guessable=True)
    return next(ending for ending, other in types.items() if other == kind)


def _is_folder(path: str) -> bool:
    return not GLOB.search(path) if is_remote(path) else Path(path).is_dir()


def _kind_by_content(piece: Slice) -> str:
    """Return the kind of a file whose name does not tell it."""
    try:
        with open_input(piece) as file:
            head = read_plain_head(file, piece, HEAD_BYTES)
    except (BadRowError, FatalError) as error:
        raise while_planning(error) from None
    known = next((type_of(kind) for kind in FORMATS if kind.recognizes(head)), None)
    if known is None and (other := foreign(head, piece.uri)) is not None:
        raise ConfigError(refusal(piece.uri, other))
    return known or USUAL
