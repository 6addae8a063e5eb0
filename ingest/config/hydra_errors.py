"""Hydra's exceptions as sentences with a place: they name neither file nor line."""

import re
import shlex
from collections.abc import Sequence

from hydra.errors import MissingConfigException

from ingest.config.chain import Chain
from ingest.config.folders import options
from ingest.config.overrides import Given
from ingest.config.places import COMMAND_LINE, Problem, choices

_OVERRIDES = {
    "list index out of range": (
        "the list has no such item. Items count from 0; to add one, set the whole list"
    ),
    "is not an int": "items of a list are named by number, from 0, as in transforms[0].where",
    "invalid literal for int": (
        "items of a list are named by number, from 0, as in transforms[0].where"
    ),
    "Could not append": "this key is already set. To change it, write it without the +",
    "Could not delete": "the job has no such key to remove. Leave this out",
}
_PARENT = re.compile(r"In '([^']+)': ")


def missing(error: MissingConfigException, chain: Chain) -> Problem:
    """Explain that the defaults of a file name another file that there is none of."""
    parent = _PARENT.match(str(error))
    file = str(error.missing_cfg_file)
    return absent(file, parent[1] if parent else "", chain)


def absent(file: str, parent: str, chain: Chain) -> Problem:
    """Say that a file which the defaults of another, if any, name is not there for them."""
    group, _, name = file.rpartition("/")
    if known := options(chain.folders, group):
        found = choices(name, known, f"Known names in {group}/")
    else:
        found = f" There are no files in {group}/. Create conf/{file}.yaml, or remove this line."
    where = chain.place(parent, name) if parent else COMMAND_LINE
    return Problem(where, f'defaults: there is no {group} "{name}".{found}')


def defaults(text: str, chain: Chain) -> Problem:
    """Explain what else can be wrong with a list of defaults."""
    if twice := re.match(r"(\S+) appears more than once|Multiple values for (\S+)\.", text):
        group = twice[1] or twice[2]
        what = (
            f"{group} is chosen already, earlier in this list or by the defaults of ingest. To "
            f"replace that choice, write: - override /{group}: NAME"
        )
        return Problem(chain.last_mention(group), f"defaults: {what}")
    if unset := re.search(r"Could not override '([^']+)'", text):
        group = unset[1]
        what = (
            f'"override" replaces an earlier entry, and {group} has none. Write: - /{group}: NAME'
        )
        return Problem(chain.last_mention(group), f"defaults: {what}")
    named = [chain.place(name) for name in chain.files if re.search(rf"\b{name}\b", text)]
    where = named[-1] if named else COMMAND_LINE
    return Problem(where, f"defaults: {_sentence(_PARENT.sub('', text))}")


def override(error: Exception, given: Sequence[Given]) -> Problem:
    """Explain that an override does not fit what the files say."""
    cause: BaseException = error.__cause__ or error.__context__ or error
    text = str(cause).split("\n    full_key:")[0]
    for theirs, ours in _OVERRIDES.items():
        text = ours if theirs in text else text
    named = [one for one in given if _names(one, str(error))]
    if named and "Cannot merge" in text:
        return Problem(COMMAND_LINE, f"{named[0].typed}: {_other_kind(named[0])}")
    texts = [one.typed for one in named[:1] or given if named or not one.group]
    return Problem(COMMAND_LINE, f"{' '.join(texts)}: {_sentence(text)}")


def _other_kind(one: Given) -> str:
    """Say that a key is a list, and not a mapping, or the other way round."""
    if isinstance(one.value, dict):
        key, _, value = one.typed.partition("=")
        return f"{one.key} is a list. Write: {shlex.quote(f'{key}=[{value}]')}"
    return f"{one.key} is a mapping. Write: '{one.key}={{KEY: VALUE}}'"


def _names(one: Given, text: str) -> bool:
    return f"override {one.parsed.input_line}" in text.replace("+", "") or f"'{one.key}'" in text


def _sentence(text: str) -> str:
    """Put a text on one line, with a small letter first and a full stop last."""
    line = " ".join(text.split())
    return f"{line[:1].lower()}{line[1:].removesuffix('.')}."
