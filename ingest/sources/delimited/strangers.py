"""Lines that are read as headers and are none: of a file without one, or with another delimiter.

What stands in them may be a record, so its texts are not told.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from ingest.core.names import hint
from ingest.core.paths import readable_path
from ingest.sources.files.schema import files_of

DELIMITERS = (",", ";", "\t", "|")
_VALUE = re.compile(r"[^@\s]+@[^@\s]+|[-+]?\d[\d.,:/ TZ+-]*")
"""An e-mail address, a number, a date: no name of a column, though it can be one."""


def shares(names: Iterable[str], known: Iterable[str]) -> bool:
    """Say whether one of the names is known, in whatever letters."""
    return not _folded(names).isdisjoint(_folded(known))


def resembles(names: Sequence[str], wanted: Collection[str]) -> bool:
    """Say whether one of the names is wanted, or nearly: one that is only misspelt is a name.

    Not in what looks like a record, where a value may be near to a name.
    """
    if shares(names, wanted):
        return True
    return not looks_like_a_record(names) and any(hint(name, names) for name in wanted)


def looks_like_a_record(names: Iterable[str]) -> bool:
    """Say whether one of the names looks like a value."""
    return any(_VALUE.fullmatch(name) for name in names)


def other_delimiter(delimiter: str, names: Sequence[str]) -> str:
    """Return the delimiter that stands in a header of one column; empty if there is none."""
    if len(names) != 1:
        return ""
    counts = {sign: names[0].count(sign) for sign in DELIMITERS if sign != delimiter}
    likely = max(counts, key=lambda sign: counts[sign])
    return likely if counts[likely] else ""


def strangers(
    headers: Mapping[str, Sequence[str]], wanted: Collection[str]
) -> tuple[str, dict[str, Sequence[str]]]:
    """Return the files that have no column in common with the others, by URI, and one of those.

    `wanted` are names that the job has for its columns. Where no file has one of them, it is the
    fewer files that are strange.
    """
    folded = {names: _folded(names) for names in map(tuple, headers.values())}
    fitting = {names for names in folded if not folded[names].isdisjoint(_folded(wanted))}
    if not fitting:
        first = next((n for n in folded if not looks_like_a_record(n)), next(iter(folded)))
        fitting = _reached(folded, {first})
        if 2 * sum(tuple(names) in fitting for names in headers.values()) < len(headers):
            fitting = folded.keys() - fitting
    fitting = _reached(folded, fitting)
    example = next(uri for uri, names in headers.items() if tuple(names) in fitting)
    return example, {uri: names for uri, names in headers.items() if tuple(names) not in fitting}


def refusal(strange: Mapping[str, Sequence[str]], example: str, delimiter: str) -> list[str]:
    """Return what is wrong with such files, a line for each delimiter that they seem to have."""
    by_sign: dict[str, list[str]] = {}
    for uri, names in strange.items():
        by_sign.setdefault(other_delimiter(delimiter, names), []).append(uri)
    return [
        f"path: {files_of(uris)}: {_why(sign, example, delimiter)}"
        for sign, uris in by_sign.items()
    ]


def no_header(uri: str, skip_rows: int, delimiter: str) -> str:
    """Say that what is read as the header has none of the columns that the job names."""
    return (
        f"header: {readable_path(uri)}: the line that is read as the header has none of the "
        "columns that the job names. It may be a record, and is not shown. Fix skip_rows (now "
        f"{skip_rows}) or delimiter (now {_quoted(delimiter)}). If the files have no header, "
        "write the names: header: [name, …]"
    )


def told_delimiter(delimiter: str, likely: str) -> str:
    """Say that all columns seem to stand in one, because the files have another delimiter."""
    right = _quoted(likely)
    return (
        f"delimiter: with {_quoted(delimiter)}, the header is a single column. The files seem to "
        f"use {right}. Write: delimiter: {right}"
    )


def _why(sign: str, example: str, delimiter: str) -> str:
    if sign:
        return (
            f"seems to use the delimiter {_quoted(sign)}, but this job reads "
            f"{_quoted(delimiter)}, as in {readable_path(example)}. A job reads one delimiter: "
            "ingest such files with a separate job (ingest init FILE)"
        )
    return (
        f"the first line has none of the columns of {readable_path(example)}, so it is probably "
        "not a header. Add the line with the column names to the file, or ingest it with a "
        "separate job (header: [name, …])"
    )


def _reached(
    folded: Mapping[tuple[str, ...], set[str]], fitting: Collection[tuple[str, ...]]
) -> set[tuple[str, ...]]:
    """Return these headers, and those that have names in common with them, and so on."""
    found = set(fitting)
    known: set[str] = set().union(*(folded[names] for names in found))
    while near := [
        names for names in folded if names not in found and not folded[names].isdisjoint(known)
    ]:
        found.update(near)
        known.update(*(folded[names] for names in near))
    return found


def _folded(names: Iterable[str]) -> set[str]:
    return {name.strip().casefold() for name in names}


def _quoted(sign: str) -> str:
    return json.dumps(sign, ensure_ascii=False)
