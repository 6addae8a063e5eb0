"""The few values of CSV columns that are not of the type of the others: where they stand."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ingest.core.names import shown
from ingest.sniffing.columns import Column, describe
from ingest.sniffing.csv_files import CsvFile, Row
from ingest.sniffing.csv_input import CsvInput
from ingest.sniffing.csv_options import blank_lines
from ingest.sniffing.notation import Verdict
from ingest.sniffing.writing import flow

_SHOWN_PLACES = 3
_SHOWN_CHARACTERS = 40


def rows_of(sample: CsvInput, file: CsvFile) -> list[Row]:
    """Return the sound records of a file; an empty line of a single column is a null there."""
    return [*sample.rows(file), *([("",)] * blank_lines(file) if file.width == 1 else [])]


def typed_column(
    sample: CsvInput,
    name: str,
    texts: Sequence[str],
    nulls: Sequence[str],
    verdict: Verdict,
    *,
    blanks: bool,
) -> Column:
    """Return what the texts of a column in all files are; a few mistakes do not count.

    Where most of a file would be mistakes, the file was written otherwise: they do count.
    """
    column = describe(name, texts, nulls, verdict, blanks=blanks, strict=False)
    wrong = (len(rows) for rows in misfits_by_file(sample, [column]))
    if any(
        count > 1 and 2 * count > len(sample.rows(file))
        for file, count in zip(sample.files, wrong, strict=True)
    ):
        return describe(name, texts, nulls, verdict, blanks=blanks)
    return column


def misfits_by_file(sample: CsvInput, columns: Sequence[Column]) -> list[set[int]]:
    """Return for each file the numbers of its rows that have a value which is not of its type."""
    found: list[set[int]] = [set() for _ in sample.files]
    for column in columns:
        for number, row in _by_file(sample, column.misfits):
            found[number].add(row)
    return found


def with_note(column: Column, sample: CsvInput, texts: Sequence[str]) -> Column:
    """Add to a column's notes how many of its values are not of the type of the others, and where.

    The values of a private column are not shown.
    """
    if column.nearly is None:
        return column
    kind, count, known = column.nearly.kind, len(column.others), column.rows - column.nulls
    first = column.others[:_SHOWN_PLACES]
    places = [sample.place(sample.files[file], row) for file, row in _by_file(sample, first)]
    if not column.private:
        values = (shown(texts[row][:_SHOWN_CHARACTERS]) for row in first)
        places = [f"{value} in {place}" for value, place in zip(values, places, strict=True)]
    more = f", and {count - len(first):,} more" if count > len(first) else ""
    do = "does" if count == 1 else "do"
    where = f"{count:,} of {known:,} values {do} not fit {kind.type} ({'; '.join(places)}{more})"
    if column.nearly.sure:
        rows = "its row is" if count == 1 else "their rows are"
        note = f"{where}: {rows} rejected. To keep every value, make the column a string"
        repeated = Counter(texts[row] for row in column.others)
        if len(repeated) == 1 and count > 1 and not column.private:
            note += f". If {shown(next(iter(repeated)))} means null, add it to null_values"
    else:
        note = f"{where}, and may be right: kept as text. Otherwise, make it {_told(column)}"
    return replace(column, note="; ".join(filter(None, [note, column.note])))


def _told(column: Column) -> str:
    """Return what to write for the type of nearly all values."""
    assert column.nearly is not None, "only such columns are told of"
    kind = column.nearly.kind
    told = kind.options()
    return kind.type + (
        f", and write in source.columns {flow({column.name: told})}" if told else ""
    )


def _by_file(sample: CsvInput, rows: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the numbers of a file and of the row in it, for numbers of rows in all files."""
    sizes = [len(rows_of(sample, file)) for file in sample.files] if rows else []
    for row in rows:
        number, left = 0, row
        while left >= sizes[number]:
            left -= sizes[number]
            number += 1
        yield number, left
