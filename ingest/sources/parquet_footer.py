"""The footer of a Parquet file: its row groups and its columns, read without trusting it."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import BinaryIO

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.core.errors import BadRowError, FatalError
from ingest.core.partition import Slice
from ingest.core.types import Schema, instance

_MAGIC = b"PAR1"
_TAIL_BYTES = 64 * 1024
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{64,}={0,2}")
_PICKLED = (b"ray.data.", b"arrow.py_extension_type")
"""Arrow extension types that unpickle what the file says. Ray before 2.56 ran such code."""


@dataclass(frozen=True, slots=True)
class Footer:
    """What a Parquet file says of itself: `rows` and `bytes` (compressed) per row group.

    `plain_bytes` is what all its row groups take when they are unpacked.
    """

    rows: tuple[int, ...]
    bytes: tuple[int, ...]
    plain_bytes: int
    schema: Schema


def read_footer(file: BinaryIO, piece: Slice) -> Footer:
    """Read a footer, and nothing else of the file.

    Raises:
        BadRowError: it is damaged, or the file is no Parquet file.
        FatalError: it names extension types that would run code from the file.
    """
    tail = _read_tail(file, piece)
    _refuse_pickles(tail, piece.uri)
    try:
        # Parsed from memory: an error here is the file's fault and never the network's.
        parsed = pq.ParquetFile(pa.BufferReader(_MAGIC + tail))
        columns = pl.DataFrame(pl.from_arrow(parsed.schema_arrow.empty_table())).schema
    except (pa.ArrowException, OSError, pl.exceptions.PolarsError) as error:
        raise damaged(piece.uri, str(error)) from None
    groups = [parsed.metadata.row_group(index) for index in range(parsed.metadata.num_row_groups)]
    return Footer(
        rows=tuple(group.num_rows for group in groups),
        bytes=tuple(
            sum(group.column(c).total_compressed_size for c in range(group.num_columns))
            for group in groups
        ),
        plain_bytes=sum(group.total_byte_size for group in groups),
        schema={name: plain_type(instance(dtype)) for name, dtype in columns.items()},
    )


def plain_type(dtype: pl.DataType) -> pl.DataType:
    """Return the type that values have once they are decoded: categories are strings."""
    if isinstance(dtype, pl.Categorical | pl.Enum):
        return pl.String()
    if isinstance(dtype, pl.List):
        return pl.List(plain_type(instance(dtype.inner)))
    if isinstance(dtype, pl.Struct):
        return pl.Struct({f.name: plain_type(instance(f.dtype)) for f in dtype.fields})
    return dtype


def damaged(uri: str, what: str) -> BadRowError:
    """Make the error for a file that cannot be read as Parquet."""
    first = what.strip().splitlines()[0].rstrip(".") if what.strip() else "no reason given"
    return BadRowError(f"{uri}: not a whole Parquet file: {first}. Fetch the file again")


def _read_tail(file: BinaryIO, piece: Slice) -> bytes:
    """Return the footer with its length and the closing mark."""
    start = max(0, piece.size - _TAIL_BYTES)
    file.seek(start)
    tail = file.read()
    if len(tail) < 12 or not tail.endswith(_MAGIC):
        raise damaged(piece.uri, f'its {piece.size} bytes do not end in "PAR1"')
    length = int.from_bytes(tail[-8:-4], "little") + 8
    if length > piece.size - len(_MAGIC):
        raise damaged(piece.uri, f"a footer of {length} bytes in a file of {piece.size} bytes")
    if length > len(tail):
        file.seek(piece.size - length)
        tail = file.read()
    return tail[-length:]


def _refuse_pickles(footer: bytes, uri: str) -> None:
    for encoded in _BASE64.findall(footer):
        try:
            decoded = base64.b64decode(encoded)
        except binascii.Error:
            continue
        for name in _PICKLED:
            if name in decoded:
                raise FatalError(
                    f'{uri}: a column has the extension type "{name.decode()}…", which unpickles '
                    "what the file holds. Write the file anew with plain columns"
                )
