"""A whole Parquet file as one table, as strictly as a source reads it."""

import io

import numpy as np
import polars as pl

from ingest.core.errors import BadRowError
from ingest.formats.parquet.footer import read_footer
from ingest.formats.parquet.local import local_copy
from ingest.formats.parquet.reading import decode
from ingest.formats.parquet.span import Span


def read_table(data: bytes, uri: str) -> pl.DataFrame:
    """Return the rows of a file that is in memory. `uri` names it in errors.

    Raises:
        BadRowError: it is damaged, a column cannot be read, or a value does not fit its type.
        FatalError: it names extension types that would run code from the file.
    """
    footer = read_footer(io.BytesIO(data), len(data), uri)
    for name, reason in footer.refused.items():
        raise BadRowError(f'{uri}: column "{name}": {reason}. Have it written anew without it')
    chunks = [chunk for group in footer.groups for chunk in group.chunks]
    with local_copy(io.BytesIO(data), len(data), footer.tail, chunks) as path:
        frame, faults = decode(Span(uri, path, footer, 0, len(footer.groups)), list(footer.forms))
    for fault in faults:
        row = int(np.flatnonzero(fault.rows)[0])
        raise BadRowError(
            f"{uri}: row {row + 1}: {fault.column}: {fault.raw[0]} is {fault.reason}. Fix the table"
        )
    return frame
