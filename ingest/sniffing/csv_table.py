"""Looking at CSV files: the options of the source, and the columns."""

import re
from collections.abc import Mapping, Sequence

from ingest.sniffing.columns import Column, describe, find_nulls
from ingest.sniffing.csv_files import (
    CsvFile,
    find_header,
    one_encoding,
    rows_of,
    take_all_apart,
    width_of,
)
from ingest.sniffing.dialect import Dialect, find_dialect
from ingest.sniffing.listing import Listing
from ingest.sniffing.mixture import refuse_mixture
from ingest.sniffing.names import clean_names, is_sound
from ingest.sniffing.table import Option, Table, formats, key_columns, key_options
from ingest.sniffing.text import read_text

SAMPLE_FILES = 5
LOOK_BYTES = 1024 * 1024
_BLANK_LINE = re.compile(r"(?:\A|\n)\r?\n")
_SIGNS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def look_at_csv(listing: Listing) -> Table:
    """Find out how CSV files are written and what is in their columns.

    Raises:
        ConfigError: the files differ in their columns or encodings, or cannot be read.
    """
    pieces = listing.some(SAMPLE_FILES)
    texts = [read_text(piece, LOOK_BYTES // len(pieces)) for piece in pieces]
    dialect = find_dialect(texts[0].pieces[0])
    files = take_all_apart(list(zip(pieces, texts, strict=True)), dialect)
    width = width_of(files[0])
    header = find_header(files, width)
    first = files[0].first if header else ("",) * width
    names = clean_names(first)
    given = None if header and is_sound(first, names) else names
    refuse_mixture(listing.path, {file.piece.uri: _shape(file, given, header) for file in files})
    rows, bad = rows_of(files, width, header=header)
    if width == 1:  # the source reads an empty line of a single column as a null
        rows += [("",)] * sum(_blank_lines(file) for file in files)
    texts_of = dict(zip(names, zip(*rows, strict=True) if rows else [()] * width, strict=True))
    nulls = find_nulls(texts_of.values(), names)
    blanks = any(_has_quoted_blanks(file, dialect) for file in files)
    columns = [describe(name, texts_of[name], ["", *nulls], blanks=blanks) for name in names]
    keys = key_columns(listing, names)
    options = {
        **_text_options(files, dialect, width),
        **_header_options(files[0], given, header=header),
        **_null_options(texts_of, nulls, columns),
        **key_options(listing, keys),
    }
    if typed := formats([*columns, *keys]):
        options["columns"] = Option(typed, "how dates and times are written")
    summary = f"{_SIGNS.get(dialect.delimiter, repr(dialect.delimiter))} between {width} columns"
    if width == 1:
        summary = "one column"
    quote = dialect.quote if dialect.multiline else None
    return Table(listing, options, (*columns, *keys), len(rows), bad, summary, quote)


def _shape(file: CsvFile, given: Sequence[str] | None, header: bool) -> Sequence[str]:
    """Return what has to be the same in all files: names in any order, or their order too."""
    if not header:
        return clean_names([""] * width_of(file))
    return file.first if given is None else [", ".join(file.first)]


def _text_options(files: Sequence[CsvFile], dialect: Dialect, width: int) -> dict[str, Option]:
    options = {}
    if dialect.delimiter != ",":
        why = "one column: a sign that does not occur" if width == 1 else ""
        options["delimiter"] = Option(dialect.delimiter, why)
    if dialect.quote != '"':
        why = "quotes are part of the values" if dialect.quote is None else ""
        options["quote"] = Option(dialect.quote, why)
    if (encoding := one_encoding(files)) != "utf-8":
        options["encoding"] = Option(encoding)
    if dialect.multiline:
        options["multiline"] = Option(True, "some quoted values hold line ends")
    if dialect.comment:
        options["comment"] = Option(dialect.comment, "the files begin with remarks")
    if width > 1 and not dialect.multiline and any(map(_blank_lines, files)):
        options["blank_lines"] = Option("skip", "there are empty lines; reject would count them")
    return options


def _header_options(
    file: CsvFile, given: Sequence[str] | None, *, header: bool
) -> dict[str, Option]:
    options = {}
    if given is not None:
        why = "names that stood twice, or had spaces at their ends, are changed"
        options["header"] = Option(given, why if header else "the files have no header: name these")
    if lines := file.titles + (file.records[0].lines if header and given is not None else 0):
        why = (
            "the header line: its names are above" if file.titles == 0 else "lines before the rows"
        )
        options["skip_rows"] = Option(lines, why)
    return options


def _null_options(
    texts_of: Mapping[str, Sequence[str]], nulls: Sequence[str], columns: Sequence[Column]
) -> dict[str, Option]:
    """Return the null tokens, with a warning if they also stand among texts."""
    if not nulls:
        return {}
    among = [
        column.name
        for column in columns
        if column.type == "string" and not set(nulls).isdisjoint(texts_of[column.name])
    ]
    why = f"null in {', '.join(among)} too" if among else ""
    return {"null_values": Option(["", *nulls], why)}


def _has_quoted_blanks(file: CsvFile, dialect: Dialect) -> bool:
    """Say whether a value is an empty text in quotes, which is no null to the source."""
    if dialect.quote is None:
        return False
    edge = rf"[\r\n{re.escape(dialect.delimiter)}]"
    blank = re.compile(rf"(?:\A|{edge}){re.escape(dialect.quote) * 2}(?:{edge}|\Z)")
    return any(blank.search(piece) for piece in file.text.pieces)


def _blank_lines(file: CsvFile) -> int:
    body = file.text.pieces[0].split("\n", file.titles)[-1]
    return len(_BLANK_LINE.findall(body))
