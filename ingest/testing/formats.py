"""What every format that can be written must keep, as checks that authors run over their own.

    @pytest.mark.parametrize("law", LAWS)
    def test_my_format(law):
        law(MyFormat(type="mine"))

A law raises AssertionError if the format breaks it.
"""

from collections.abc import Callable

import polars as pl
import pyarrow as pa

from ingest.formats.base import Decoded, InMemory, WritableFormat

ROWS = pl.DataFrame({"id": ["1", "2", "3"], "text": ["a b", None, "été"]})


def what_is_written_is_read_again(subject: WritableFormat) -> None:
    """Every row comes back, once and in order, with its columns in order, nulls as nulls."""
    _same(decoded(subject, subject.encoded([ROWS])), ROWS)


def chunks_make_one_file(subject: WritableFormat) -> None:
    """Rows that are written chunk by chunk are the same rows."""
    _same(decoded(subject, subject.encoded([ROWS.head(1), ROWS.tail(-1)])), ROWS)


def rows_are_counted(subject: WritableFormat) -> None:
    """A file is counted as it lies there, compressed or not; one without rows has none."""
    for rows in (ROWS, ROWS.head(1), ROWS.clear()):
        file = pa.BufferReader(subject.encoded([rows]))
        assert subject.count_rows(file) == rows.height


def a_file_without_rows_has_no_rows(subject: WritableFormat) -> None:
    """If it has columns, they are those that were written."""
    rows = decoded(subject, subject.encoded([ROWS.clear()])).rows
    assert rows.is_empty()
    assert rows.columns in ([], ROWS.columns)


def the_same_rows_are_the_same_bytes(subject: WritableFormat) -> None:
    """A run that is repeated writes the same file."""
    assert subject.encoded([ROWS]) == subject.encoded([ROWS])


def files_are_joined(subject: WritableFormat) -> None:
    """If files can be put together, that holds the rows of each, in order."""
    if not subject.joins:
        return
    file = InMemory()
    parts = [ROWS.head(2), ROWS.tail(1), ROWS]
    subject.join([pa.BufferReader(subject.encoded([part])) for part in parts], file)
    _same(decoded(subject, file.getvalue()), pl.concat(parts))


def names_tell_the_format(subject: WritableFormat) -> None:
    """A folder of files that are written is read by their endings."""
    assert f"x.{subject.suffix}".endswith(subject.names())


LAWS: tuple[Callable[[WritableFormat], None], ...] = (
    what_is_written_is_read_again,
    chunks_make_one_file,
    rows_are_counted,
    a_file_without_rows_has_no_rows,
    the_same_rows_are_the_same_bytes,
    files_are_joined,
    names_tell_the_format,
)


def decoded(subject: WritableFormat, data: bytes) -> Decoded:
    """Return the records of a file, unpacked by what its name ends in."""
    packed = {"gz": "gzip", "zst": "zstd"}.get(subject.suffix.rpartition(".")[2])
    with pa.input_stream(pa.BufferReader(data), compression=packed) as stream:
        return subject.decode(stream)


def _same(records: Decoded, rows: pl.DataFrame) -> None:
    assert not records.bad, records.bad
    assert records.rows.columns == rows.columns
    assert records.rows.cast(pl.String).rows() == rows.rows()
