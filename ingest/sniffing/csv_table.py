"""Looking at CSV files: the options of the source, and the columns."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ingest.core.names import shown
from ingest.sniffing.columns import (
    Column,
    find_notation,
    find_nulls,
    find_own_nulls,
    note_of_values,
)
from ingest.sniffing.csv_files import CsvFile, take_all_apart, take_apart
from ingest.sniffing.csv_input import CsvInput
from ingest.sniffing.csv_misfits import misfits_by_file, rows_of, typed_column, with_note
from ingest.sniffing.csv_options import find_options, has_quoted_blanks
from ingest.sniffing.dialect import Dialect, find_dialect
from ingest.sniffing.differing import Differences, compare, refuse_delimiters, refuse_mixture
from ingest.sniffing.heads import text_head
from ingest.sniffing.kind import NULL_WORDS
from ingest.sniffing.listing import Listing
from ingest.sniffing.notation import PLAIN, Notation
from ingest.sniffing.offers import SCHEMA, Candidate
from ingest.sniffing.separator import without_separator
from ingest.sniffing.synthetic import csv_without_private
from ingest.sniffing.table import Option, Rejects, Table, formats, key_columns, key_options
from ingest.sniffing.text import read_text
from ingest.sources.text.encodings import is_wide

SAMPLE_FILES = 24
MOST_HEADERS = 100
LOOK_BYTES = 1024 * 1024
LEAST_BYTES = 32 * 1024
_HEADER_BYTES = 16 * 1024
_QUOTED_LINE = re.compile(r'(the (?:\w+ )?line) ".*"(?= is taken| looks like)', re.DOTALL)
_MOST_PLACES = 3
_SIGNS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}


def look_at_csv(listing: Listing) -> Table:
    """Find out how CSV files are written and what is in their columns.

    Raises:
        ConfigError: the files differ in their columns or encodings, or cannot be read.
    """
    pieces = listing.some(SAMPLE_FILES)
    size = max(LEAST_BYTES, LOOK_BYTES // len(pieces))
    texts = {piece.uri: read_text(piece, size) for piece in pieces}
    separator, plain = without_separator(list(texts.values()))
    dialect = find_dialect(plain[0].pieces[0], separator)
    files = take_all_apart(list(zip(pieces, plain, strict=True)), dialect)
    refuse_delimiters(listing.path, _delimiters(files, dialect))
    sample = CsvInput.of(files, dialect, separator)
    chosen = find_options(sample, texts[sample.first.piece.uri])
    differences = _compared(listing, sample, chosen)
    texts_of = _texts_of(sample, chosen, differences.names)
    nulls = find_nulls(texts_of.values(), differences.names)
    own_nulls = find_own_nulls(texts_of, nulls)
    columns, options, usual = _typed(sample, texts_of, nulls, own_nulls)
    misfits = misfits_by_file(sample, columns)
    columns = [with_note(column, sample, texts_of[column.name]) for column in columns]
    keys = key_columns(listing, differences.names)
    options = {**chosen.options, **options, **key_options(listing, keys)}
    if differences.partial:
        options["schema"] = Option(dict(SCHEMA), "the files differ in their columns")
    typed = formats([*columns, *keys], usual)
    for name, tokens in own_nulls.items():
        typed[name] = {"type": "string", "null_values": tokens}
    if typed:
        options["columns"] = Option(typed, "how values are written, if not in the usual way")
    return Table(
        listing,
        options,
        (*columns, *keys),
        rows=sum(len(sample.rows(file)) for file in files),
        rejects=Rejects.of([*map(sample.rejects, files, misfits)]),
        summary=_summary(dialect.delimiter, len(chosen.names)),
        head=text_head(csv_without_private),
        open_quote=dialect.quote if dialect.multiline else None,
        doubts=(
            *_doubts(sample, chosen, columns, texts_of),
            *_doubt_of_nulls(columns, texts_of),
            *differences.said,
        ),
        showing=frozenset(differences.showing),
    )


def _delimiters(files: Sequence[CsvFile], dialect: Dialect) -> dict[str, str]:
    """Return the delimiter of each file, by URI; files like the first have its delimiter."""
    found = {}
    for file in files:
        own = dialect
        if file.top.names != files[0].top.names or file.width != files[0].width:
            other = find_dialect(file.text.pieces[0])
            of_its_own = take_apart(file.piece, file.text, other)
            own = other if of_its_own.width > 1 and len(of_its_own.body) > 0 else dialect
        found[file.piece.uri] = own.delimiter
    return found


def _compared(listing: Listing, sample: CsvInput, chosen: Candidate) -> Differences:
    """Compare the columns of the sampled files, and the headers of more of them.

    Raises:
        ConfigError: a job cannot read them together.
    """
    trailing = "trailing_delimiter" in chosen.options
    files = list(sample.files)
    known = {file.piece.uri for file in files}
    for piece in listing.some(MOST_HEADERS):
        if piece.uri not in known:
            plain = without_separator([read_text(piece, _HEADER_BYTES)])[1][0]
            files.append(take_apart(piece, plain, sample.dialect, header=sample.has_header))
    names = {file.piece.uri: sample.names(file, trailing=trailing) for file in files}
    differences = compare(names)
    if "header" in chosen.options and len({tuple(each) for each in names.values()}) > 1:
        refuse_mixture(listing.path, differences, ordered=names)
    refuse_mixture(listing.path, differences)
    return differences


def _texts_of(sample: CsvInput, chosen: Candidate, names: Sequence[str]) -> dict[str, list[str]]:
    """Return the texts of each column in all files; empty ones where a file has it not."""
    texts: dict[str, list[str]] = {name: [] for name in names}
    for file in sample.files:
        rows = rows_of(sample, file)
        own = sample.names(file, trailing="trailing_delimiter" in chosen.options)
        columns = dict(zip(own, zip(*rows, strict=True), strict=False))
        for name in names:
            texts[name] += columns.get(name, ("",) * len(rows))
    return texts


def _typed(
    sample: CsvInput,
    texts: Mapping[str, Sequence[str]],
    nulls: Sequence[str],
    own_nulls: Mapping[str, Sequence[str]],
) -> tuple[list[Column], dict[str, Option], Notation]:
    """Return the columns, how their values are written, and in which notation numbers are."""
    verdict = find_notation(texts.values())
    blanks = has_quoted_blanks(sample)
    columns = [
        typed_column(
            sample, name, column, ["", *own_nulls.get(name, nulls)], verdict, blanks=blanks
        )
        for name, column in texts.items()
    ]
    columns = [
        _with_note_of_values(column, texts[column.name], nulls)
        if column.name in own_nulls
        else column
        for column in columns
    ]
    options = {"null_values": Option(["", *nulls])} if nulls else {}
    usual = verdict.usual
    if all(column.kind.notation == PLAIN for column in columns):
        usual = PLAIN
    if usual != PLAIN:
        example = _example(columns, texts)
        why = {"decimal_separator": f"numbers are written as {example}"} if example else {}
        options |= {name: Option(value, why.get(name, "")) for name, value in usual.options.items()}
    return columns, options, usual


def _with_note_of_values(column: Column, texts: Sequence[str], nulls: Sequence[str]) -> Column:
    notes = (note_of_values(texts, nulls), column.note)
    return replace(column, note="; ".join(filter(None, notes)))


def _doubt_of_nulls(columns: Sequence[Column], texts: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Say in which columns of texts a word is read as null that could be a name, and how often."""
    for token in NULL_WORDS:
        counts = {
            column.name: texts[column.name].count(token)
            for column in columns
            if column.type == "string" and column.nulls < column.rows
        }
        places = [
            f"{shown(name)} ({count:,} of {len(texts[name]):,} rows)"
            for name, count in counts.items()
            if count
        ]
        if places:
            more = f" and {len(places) - _MOST_PLACES} more" if len(places) > _MOST_PLACES else ""
            yield (
                f'null_values: "{token}" is read as null among the texts of '
                f"{', '.join(places[:_MOST_PLACES])}{more}. If it is a value there, write in "
                "source.columns NAME: {type: string, null_values: []}"
            )


def _example(columns: Sequence[Column], texts: Mapping[str, Sequence[str]]) -> str:
    """Return the longest of the first numbers that are not plain."""
    odd = [column for column in columns if column.kind.notation != PLAIN and not column.private]
    shown = (
        text
        for column in odd
        for row, text in enumerate(texts[column.name][:100])
        if row not in column.misfits
    )
    return max(shown, key=len, default="")


def _doubts(
    sample: CsvInput,
    chosen: Candidate,
    columns: Sequence[Column],
    texts: Mapping[str, Sequence[str]],
) -> Iterator[str]:
    """Say what is not sure of the files, with no text that stands in a private column."""
    encoding = chosen.options.get("encoding")
    private = "\n".join(
        text for column in columns if column.private for text in dict.fromkeys(texts[column.name])
    )
    words = (word for file in sample.files for word in file.text.foreign_words)
    word = next((word for word in words if word not in private), "")
    if encoding is not None and not is_wide(encoding.value):
        shown = f'; with it, one value reads "{word}"' if word else ""
        yield (
            f"encoding: {encoding.value} is a guess{shown}. If that is wrong, set another one: "
            "cp1250, iso8859-15, mac-roman, gbk, ..."
        )
    for doubt in sample.doubts(ignored="ignore_rows" in chosen.options):
        yield _QUOTED_LINE.sub(r"\1", doubt) if private else doubt
    if any(file.repeated for file in sample.files) and "repeated_headers" not in chosen.options:
        yield "header: it is repeated among the records, where it is read as a record"


def _summary(delimiter: str, width: int) -> str:
    if width == 1:
        return "one column"
    return f"{width} columns, separated by {_SIGNS.get(delimiter, repr(delimiter))}"
