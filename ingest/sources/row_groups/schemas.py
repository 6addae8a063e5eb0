"""The footers of many Parquet files, most of which are alike."""

from collections.abc import Callable, Sequence
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.core.dataclass import dataclass
from ingest.core.partition import Slice
from ingest.sources.files.opening import open_input
from ingest.sources.files.sampling import SAMPLE_FILES, asked, spread
from ingest.sources.row_groups.footers import Footer
from ingest.storage.connections import StoreConnection

_ARROW_SCHEMA = b"ARROW:schema"


@dataclass(frozen=True, slots=True)
class _Kind:
    """What tells the columns of a file from those of another, without taking them apart."""

    schema: pq.ParquetSchema
    arrow: bytes | None

    def is_like(self, other: "_Kind") -> bool:
        return self.arrow == other.arrow and self.schema.equals(other.schema)


def footers_of(
    pieces: Sequence[Slice],
    read: Callable[[Slice], Footer],
    connection: StoreConnection | None = None,
) -> dict[str, Footer]:
    """Return a footer for each file, by URI: its own, or that of one with the same columns.

    To read one takes a millisecond, to see that a file has the columns of another a tenth of it: so
    `read` is called for a few files, and once for all that are alike.

    Raises:
        Exception: whatever `read` raises.
    """
    sample = {piece.uri for piece in spread(pieces, SAMPLE_FILES)}
    found: dict[str, Footer] = {}
    known: list[tuple[_Kind, Footer]] = []
    for piece, kind in zip(pieces, asked(pieces, partial(_kind_of, connection)), strict=True):
        like = next((each for other, each in known if kind and kind.is_like(other)), None)
        if like is None or piece.uri in sample:
            like = read(piece)
            if kind is not None:
                known.append((kind, like))
        found[piece.uri] = like
    return found


def _kind_of(connection: StoreConnection | None, piece: Slice) -> _Kind | None:
    """Return of which kind a file is; None if that cannot be told at a glance."""
    with open_input(piece, connection) as file:
        try:
            metadata = pq.read_metadata(pa.PythonFile(file, "r"))
        except (pa.ArrowException, OSError, UnicodeDecodeError):
            return None
    return _Kind(metadata.schema, (metadata.metadata or {}).get(_ARROW_SCHEMA))
