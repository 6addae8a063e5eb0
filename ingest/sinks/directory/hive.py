"""Names of partition folders, as Hive, Spark, DuckDB and Polars read them: `month=1/day=2`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import polars as pl

from ingest.core.errors import JobError
from ingest.core.values.iso import iso_texts

NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__"
"""What means null in the name of a partition folder."""

_ESCAPED = frozenset("\"#%'*/:=?\\{[]^<>|\x7f") | frozenset(map(chr, range(32)))
_MOST_BYTES = 255


def folder(keys: Mapping[str, object]) -> str:
    """Return the folder for rows with these values in the partition columns.

    Different values have different folders, and no value can lead out of the directory: a slash is
    `%2F`, and each name begins with its column. A null is `__HIVE_DEFAULT_PARTITION__`, the empty
    text is empty (`name=`); DuckDB, Polars and Daft read both back as what they were. There is no
    name that pandas reads as null too (see `Parquet.remarks`).

    Raises:
        JobError: a value cannot be the name of a folder, or would be read back as null.
    """
    return "/".join(_segment(column, value) for column, value in keys.items())


def names_folders(kind: pl.DataType) -> bool:
    """Say whether values of a type can be names of folders."""
    return kind.is_integer() or isinstance(kind, pl.String | pl.Boolean | pl.Date)


def by_folder(
    portions: Iterator[pl.DataFrame], columns: Sequence[str]
) -> Iterator[tuple[str, Iterable[pl.DataFrame]]]:
    """Return the rows of each folder, all of them held if there are columns; none without rows."""
    return ((folder(keys), rows) for keys, rows in by_keys(portions, columns))


def by_keys(
    portions: Iterator[pl.DataFrame], columns: Sequence[str]
) -> Iterator[tuple[dict[str, object], Iterable[pl.DataFrame]]]:
    """Return the rows of each combination of values in the columns, without these; see above."""
    first = next(portions, None)
    if first is None:
        return
    if not columns:
        drawn = [first]
        del first
        yield {}, _rejoined(drawn, portions)
        return
    whole = pl.concat([first, *portions])
    dates = [name for name in columns if isinstance(whole.schema[name], pl.Date)]
    # As texts: Python has no dates before the year 1 or after 9999, which would end the run.
    parts = whole.with_columns(iso_texts(whole[name]) for name in dates).partition_by(
        columns, as_dict=True, include_key=False, maintain_order=True
    )
    for values, rows in parts.items():
        yield dict(zip(columns, values, strict=True)), [rows]


def _rejoined(
    drawn: list[pl.DataFrame], portions: Iterator[pl.DataFrame]
) -> Iterator[pl.DataFrame]:
    """Yield what was drawn, then the rest; nothing is held that has been yielded."""
    yield drawn.pop()
    yield from portions


def _segment(column: str, value: object) -> str:
    if value == NULL_FOLDER:
        raise JobError(
            f'sink.partition_by: column "{column}" contains the text "{NULL_FOLDER}", which '
            "readers read as null. Replace it in a step, or partition by another column"
        )
    name = f"{_escape(column)}={NULL_FOLDER if value is None else _escape(value_text(value))}"
    if len(name.encode()) > _MOST_BYTES:
        raise JobError(
            f'sink.partition_by: column "{column}" contains a value whose folder name would '
            f"have {len(name.encode())} bytes. At most {_MOST_BYTES} are allowed. Partition by "
            "another column"
        )
    return name


def value_text(value: object) -> str:
    """Return the text of a value that is not null: of a boolean, `true` or `false`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _escape(text: str) -> str:
    return "".join(f"%{ord(char):02X}" if char in _ESCAPED else char for char in text)


def null_columns(folder: str) -> tuple[str, ...]:
    """Return the partition columns that are null in all rows of a folder."""
    keys = (part.partition("=") for part in folder.split("/"))
    return tuple(name for name, _, value in keys if value == NULL_FOLDER)
