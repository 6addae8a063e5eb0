"""Looking at files of any format, by reading a few of them as a job would."""

import polars as pl

from ingest.core.counts import counted
from ingest.core.errors import BadRowError, ConfigError, FatalError
from ingest.core.partition import Partition, Slice, partition_id
from ingest.core.paths import readable_path
from ingest.core.rows import POSITION
from ingest.formats.base import WritableFormat
from ingest.sniffing.columns import Column
from ingest.sniffing.listing import Listing
from ingest.sniffing.synthetic import columns_without_private
from ingest.sniffing.table import Head, Rejects, Table, formats, key_columns, key_options
from ingest.sniffing.typed import describe_values, values_of
from ingest.sources import SOURCES
from ingest.sources.base import Layout
from ingest.sources.file_source import FileSource
from ingest.sources.files.identity import while_planning

SAMPLE_FILES = 3
LOOK_ROWS = 2000


def look_at_formatted(listing: Listing) -> Table:
    """Find out what is in files, whose columns are those that their source finds.

    Raises:
        ConfigError: the files differ in their columns, or cannot be read or sampled.
    """
    source = _source(listing)
    layout = source.layout(listing.some(SAMPLE_FILES), {})
    reads = {piece.uri: _read(source, piece, layout) for piece in listing.some(SAMPLE_FILES)}
    heads = [rows for rows, _ in reads.values()]
    made = key_columns(listing, ())
    keys = {column.name for column in made}
    columns = [
        _described(name, dtype, heads) for name, dtype in layout.columns.items() if name not in keys
    ]
    rejects = Rejects.of(
        [
            (readable_path(uri), bad, rows.height + bad, bad / max(1, rows.height + bad))
            for uri, (rows, bad) in reads.items()
        ]
    )
    every = (*columns, *made)
    return Table(
        listing,
        key_options(listing, made),
        every,
        sum(rows.height for rows in heads),
        rejects,
        f"{listing.label}, {counted(len(columns), 'column')}",
        _head_of(source, layout),
        formats(every),
    )


def _source(listing: Listing) -> FileSource:
    kind = SOURCES.load(listing.type)
    assert kind is not None, "a listing has a type that is known"
    source = kind.model_validate({"type": listing.type, "path": listing.path})
    assert isinstance(source, FileSource), "a listing is of files"
    if not issubclass(source.format, WritableFormat):
        raise ConfigError(
            f'"{listing.path}": init cannot write a sample of {source.format.label}, because that '
            "format can only be read. Write the job yourself: ingest init-project makes an example"
        )
    return source


def _read(source: FileSource, piece: Slice, layout: Layout) -> tuple[pl.DataFrame, int]:
    """Return the first rows of a file, and how many of its records would be rejected."""
    try:
        read = source.read(Partition(0, partition_id([piece]), (piece,)), layout)
        rows = read.frame.head(LOOK_ROWS).drop(POSITION).collect()
    except (BadRowError, FatalError) as error:
        raise while_planning(error) from None
    return rows, read.rejects.frame.height if read.rejects else 0


def _described(name: str, dtype: pl.DataType, heads: list[pl.DataFrame]) -> Column:
    return describe_values(name, dtype, values_of(name, dtype, heads))


def _head_of(source: FileSource, layout: Layout) -> Head:
    """Return what writes the first rows of a file again, and fewer until they are small enough."""

    def head(table: Table, piece: Slice, rows: int, size: int) -> bytes:
        keys = {column.name for column in key_columns(table.listing, ())}
        frame = _read(source, piece, layout)[0].drop(keys, strict=False).head(rows)
        kept = pl.DataFrame(columns_without_private(table, frame.to_arrow()))
        written = source.format.model_validate({"type": source.type})
        assert isinstance(written, WritableFormat), "others are not looked at"
        while True:
            data = written.encoded([kept])
            if len(data) <= size or kept.height <= 1:
                return data
            kept = kept.head(kept.height // 2)

    return head
