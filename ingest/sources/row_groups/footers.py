"""Slices of Parquet files, opened: their footers, and their row groups to be decoded."""

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import BinaryIO

from ingest.core.errors import BadRowError
from ingest.core.partition import WHOLE, Slice
from ingest.core.types import Schema
from ingest.formats.parquet import footer
from ingest.formats.parquet.footer import Footer, Int96, damaged
from ingest.formats.parquet.local import local_copy
from ingest.formats.parquet.span import Span
from ingest.sources.files.opening import open_input
from ingest.storage.connections import StoreConnection
from ingest.storage.uris import is_remote


def read_footer(file: BinaryIO, piece: Slice, int96: Int96 = "us") -> Footer:
    """Read the footer of an open input, and nothing else of it.

    Raises:
        BadRowError: it is damaged, is no Parquet file, or is one that cannot be read.
        FatalError: it names extension types that would run code from the file.
    """
    return footer.read_footer(file, piece.size, piece.uri, int96)


@contextlib.contextmanager
def open_span(
    piece: Slice,
    int96: Int96,
    names: Iterable[str],
    connection: StoreConnection | None = None,
    leave: Callable[[Schema], Collection[str]] = lambda _: (),
) -> Iterator[Span]:
    """Open the row groups of a slice, to decode columns of these names as far as it has them.

    `leave` is told the file's columns and says which of them will not be decoded.

    Raises:
        BadRowError: one of them cannot be read; or as `read_footer`.
        FatalError, RetryableError: as `open_input`.
    """
    with open_input(piece, connection) as file:
        found = read_footer(file, piece, int96)
        for name in names:
            if name in found.refused:
                raise BadRowError(
                    f'{piece.uri}: column "{name}": {found.refused[name]}. Leave the column '
                    "out by naming the others (columns: [name, …]), or have the file rewritten"
                )
        groups = len(found.groups)
        end = groups if piece.end == WHOLE else min(piece.end, groups)
        if not is_remote(piece.uri):
            yield Span(piece.uri, piece.uri, found, piece.start, end)
            return
        left = leave(found.schema)
        wanted = [name for name in names if name in found.leaves and name not in left]
        chunks = [chunk for name in wanted for chunk in found.chunks(name, piece.start, end)]
        with local_copy(file, piece.size, found.tail, chunks) as path:
            yield Span(piece.uri, path, found, piece.start, end)


__all__ = ["Footer", "Int96", "damaged", "open_span", "read_footer"]
