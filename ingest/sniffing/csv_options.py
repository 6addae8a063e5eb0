"""The options of a CSV source for files as they were found, tried where there are several ways."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from ingest.core.counts import counted
from ingest.core.errors import ConfigError
from ingest.sniffing.csv_files import CsvFile, one_encoding
from ingest.sniffing.csv_input import ROW_NAME, CsvInput
from ingest.sniffing.names import is_sound
from ingest.sniffing.offers import Candidate, Trial, combinations, ways
from ingest.sniffing.table import EMPTY_LINES, Option
from ingest.sniffing.text import Text

_TRIAL_CHARACTERS = 200 * 1000
_BLANK_LINE = re.compile(r"(?:\A|\n)\r?\n")
_WHY = {
    "trailing_delimiter": "lines end in a delimiter",
    "row_names": "the header has no name for the first column",
    "repeated_headers": "the header is repeated among the records",
    "ignore_rows": "totals and notes: matching lines are skipped",
    "line_end": "lines end in a carriage return alone",
}


def find_options(sample: CsvInput, text: Text) -> Candidate:
    """Return the options under which the source reads the files, and the names of the columns.

    `text` is that of the first file that has rows, with all its lines.

    Raises:
        ConfigError: the files are of several encodings, or no option reads their lines.
    """
    file = sample.first
    repeated = any(one.repeated for one in sample.files)
    choices: list[tuple[dict[str, Any], ...]] = [
        ({"skipped": 0}, {"skipped": 1}) if sample.separator else ({"skipped": 0},),
        ways("line_end") if file.text.line_end == "\r" else ({},),
        ways("trailing_delimiter", "ignore") if file.trails else ({},),
        ways("row_names", ROW_NAME) if file.top.short == "row names" else ({},),
        ways("repeated_headers", "ignore") if repeated else ({},),
        ways("ignore_rows", sample.pattern) if sample.pattern else ({},),
    ]
    plain = _plain_options(sample)
    candidates = list(combinations(partial(_candidate, sample, plain), *choices))
    if len(candidates) == 1 and file.text.line_end == "\n":
        return candidates[0]
    best = _trial(sample, text).best(candidates)
    if best is None and file.text.line_end == "\r":
        raise ConfigError(
            f"{file.piece.uri}: its lines end in a carriage return alone, but must end in LF "
            f"or CRLF. Convert the file: tr '\\r' '\\n' < '{file.piece.uri}' > out.csv"
        )
    return best or candidates[-1]


def has_quoted_blanks(sample: CsvInput) -> bool:
    """Say whether a value is an empty text in quotes, which is no null to the source."""
    if sample.dialect.quote is None:
        return False
    edge = rf"[\r\n{re.escape(sample.dialect.delimiter)}]"
    blank = re.compile(rf"(?:\A|{edge}){re.escape(sample.dialect.quote) * 2}(?:{edge}|\Z)")
    return any(blank.search(piece) for file in sample.files for piece in file.text.pieces)


def blank_lines(file: CsvFile) -> int:
    """Return how many empty lines a file has among its records."""
    lines = file.text.pieces[0].split("\n", file.top.end)
    return len(_BLANK_LINE.findall(lines[-1]))


def _plain_options(sample: CsvInput) -> dict[str, Option]:
    """Return the options that are certain."""
    dialect, width = sample.dialect, sample.first.width
    options = {}
    if dialect.delimiter != ",":
        why = "not found in the files; there is only one column" if width == 1 else ""
        options["delimiter"] = Option(dialect.delimiter, why)
    if dialect.quote != '"':
        why = "quotes are part of the values" if dialect.quote is None else ""
        options["quote"] = Option(dialect.quote, why)
    if (encoding := one_encoding(sample.files)) != "utf-8":
        options["encoding"] = Option(encoding)
    if dialect.multiline:
        options["multiline"] = Option(True, "some quoted values contain line ends")
    if dialect.comment:
        options["comment"] = Option(dialect.comment, "the files begin with comments")
    if width > 1 and not dialect.multiline and any(map(blank_lines, sample.files)):
        options["blank_lines"] = Option("skip", EMPTY_LINES)
    return options


def _candidate(
    sample: CsvInput, plain: Mapping[str, Option], *chosen: Mapping[str, Any]
) -> Candidate:
    """Return the options that one choice of ways comes to."""
    told = {name: value for way in chosen for name, value in way.items()}
    skipped = told.pop("skipped")
    file = sample.first
    trailing = "trailing_delimiter" in told
    names = sample.names(file, trailing=trailing)
    above = file.top.names[:-1] if trailing and not file.top.short else file.top.names
    own = names[1:] if "row_names" in told else names
    sound = sample.has_header and not file.top.joined and is_sound(above, own)
    if not sound:
        told.pop("row_names", None)
    options = {**plain, **{name: Option(value, _WHY[name]) for name, value in told.items()}}
    lines = skipped + file.top.titles
    if not sound:
        options["header"] = Option(names, _why_names(sample))
        lines = skipped + file.top.end
    if lines:
        options["skip_rows"] = Option(lines, _why_lines(lines, sample, sound=sound))
    return Candidate(options, names)


def _why_names(sample: CsvInput) -> str:
    if not sample.has_header:
        return "the files have no header: rename these"
    if sample.first.top.short == "row names":
        return "the header has no name for the first column"
    if sample.first.top.short == "trailing":
        return "the header has no name for the last column, which is empty"
    if sample.first.top.joined:
        return "of several lines"
    return "names that were duplicate, had spaces at their ends, or cannot be used are changed"


def _why_lines(lines: int, sample: CsvInput, *, sound: bool) -> str:
    if sound:
        return "lines before the header"
    if not sample.has_header:
        return "lines before the rows"
    return (
        "the header line"
        if lines == 1
        else f"the header, and {counted(lines - 1, 'line')} above it"
    )


def _trial(sample: CsvInput, text: Text) -> Trial:
    """Return the beginning of the first file, and what should come of it."""
    file = sample.first
    lines = re.findall(r"[^\n]*\n|[^\n]+\Z", text.pieces[0])
    above = 1 if sample.separator else 0
    size = end = 0
    for line in lines:
        size += len(line)
        if size > _TRIAL_CHARACTERS and end > file.top.end + above:
            break
        end += 1
    within = [one for one in file.records if one.line + one.lines + above <= end]
    rows = [one.fields for one in within if one.sound and len(one.fields) == file.width]
    here = {id(one) for one in within}
    footers = sum(id(one.record) in here for footers in sample.footers for one in footers)
    first = rows[0] if rows and file.width > 1 else ()
    return Trial(text.encoded("".join(lines[:end])), first, max(0, len(rows) - footers))
