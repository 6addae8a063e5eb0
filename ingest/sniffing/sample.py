"""A small piece of an input, to be committed beside its job as `jobs/<name>/sample/`.

Text stays as it stood, byte for byte, with title lines, byte order mark and bad records, so that
reading the sample proves reading the whole; only compression is taken off, so that it can be read
and compared in a review. Folders that hold keys (`day=2013-01-31`) are kept. In columns that
probably hold personal data, made-up values stand for the real ones.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.core.partition import Slice
from ingest.sniffing.listing import kind_by_name, usual_ending
from ingest.sniffing.parquet_table import read_head
from ingest.sniffing.synthetic import (
    columns_without_private,
    made_up,
    records,
    without_private,
)
from ingest.sniffing.table import Table
from ingest.sniffing.text import read_text
from ingest.sources.files.opening import codec
from ingest.storage.tree import make_folder

FILES = 3
ROWS = 500
BYTES = 200 * 1000


def write_sample(table: Table, folder: Path) -> list[Path]:
    """Write the first rows of a few files, at most 500 rows and 200 kB; return what was written."""
    few = table.listing.some(FILES)
    pieces = [
        *few,
        *(one for one in table.listing.files if one.uri in table.showing and one not in few),
    ]
    names = {column.name: column.type for column in table.columns}
    rows, size = ROWS // len(pieces), BYTES // len(pieces)
    written = []
    for number, piece in enumerate(pieces):
        path = folder / _place(piece, table)
        if path in written:  # files of one name in different folders
            path = path.with_name(f"{number}_{path.name}")
        make_folder(path.parent)
        if table.listing.type == "parquet":
            head = read_head(piece, rows, names)
            _write_parquet(path, columns_without_private(table, head), size)
        else:
            path.write_bytes(_head(piece, table, rows, size))
        written.append(path)
    return written


def _place(piece: Slice, table: Table) -> Path:
    """Return where a file stands in the sample: its name, below the folders that hold keys."""
    *folders, name = piece.uri.split("/")
    packed = codec(piece.uri)
    plain = name.rpartition(".")[0] if packed else name
    plain = plain.lstrip("._")  # folders pass over names that begin so
    if kind_by_name(plain) != table.listing.type:
        plain += usual_ending(table.listing.type)
    private = {column.name for column in table.columns if column.private}
    keys = (folder.partition("=") for folder in folders if "=" in folder)
    kept = (f"{key}={made_up(value) if key in private else value}" for key, _, value in keys)
    return Path(*kept, plain)


def _head(piece: Slice, table: Table, rows: int, size: int) -> bytes:
    """Return a file's first records, and at least one of them after a header."""
    text = read_text(piece)
    taken: list[str] = []
    length = 0
    for number, record in enumerate(records(text.pieces[0], table.open_quote)):
        if number > 1 and (number > rows or length + len(record) > size):
            break
        taken.append(record)
        length += len(text.encoded(record))
    return text.encoded(without_private(table, piece.uri, "".join(taken)))


def _write_parquet(path: Path, head: pa.Table, size: int) -> None:
    """Write fewer rows until the file is small enough."""
    while True:
        pq.write_table(head, path, compression="zstd")
        if path.stat().st_size <= size or head.num_rows <= 1:
            return
        head = head.slice(0, head.num_rows // 2)
