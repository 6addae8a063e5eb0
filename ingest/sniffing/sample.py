"""A small piece of an input, to be committed beside its job as `jobs/<name>/sample/`.

Text stays as it stood, byte for byte, with title lines, byte order mark and bad records, so that
reading the sample proves reading the whole; only compression is taken off, so that it can be read
and compared in a review. Folders that hold keys (`day=2013-01-31`) are kept.
"""

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.core.partition import Slice
from ingest.core.tree import make_folder
from ingest.sniffing.listing import Listing, kind_by_name, usual_ending
from ingest.sniffing.parquet_table import read_head
from ingest.sniffing.table import Table
from ingest.sniffing.text import read_text
from ingest.sources.opening import codec

FILES = 3
ROWS = 500
BYTES = 200 * 1000

_LINES = re.compile(r"[^\n]*\n|[^\n]+\Z")


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
        path = folder / _place(piece, table.listing)
        if path in written:  # files of one name in different folders
            path = path.with_name(f"{number}_{path.name}")
        make_folder(path.parent)
        if table.listing.type == "parquet":
            _write_parquet(path, read_head(piece, rows, names), size)
        else:
            path.write_bytes(_head(piece, table.open_quote, rows, size))
        written.append(path)
    return written


def _place(piece: Slice, listing: Listing) -> Path:
    """Return where a file stands in the sample: its name, below the folders that hold keys."""
    *folders, name = piece.uri.split("/")
    packed = codec(piece.uri)
    plain = name.rpartition(".")[0] if packed else name
    plain = plain.lstrip("._")  # folders pass over names that begin so
    if kind_by_name(plain) != listing.type:
        plain += usual_ending(listing.type)
    return Path(*(folder for folder in folders if "=" in folder), plain)


def _head(piece: Slice, open_quote: str | None, rows: int, size: int) -> bytes:
    """Return a file's first records, and at least one of them after a header."""
    text = read_text(piece)
    taken: list[str] = []
    records = length = 0
    inside = False
    for line in _LINES.findall(text.pieces[0]):
        if not inside and records > 1 and (records > rows or length + len(line) > size):
            break
        taken.append(line)
        length += len(text.encoded(line))
        inside ^= open_quote is not None and line.count(open_quote) % 2 == 1
        records += not inside
    return text.encoded("".join(taken))


def _write_parquet(path: Path, head: pa.Table, size: int) -> None:
    """Write fewer rows until the file is small enough."""
    while True:
        pq.write_table(head, path, compression="zstd")
        if path.stat().st_size <= size or head.num_rows <= 1:
            return
        head = head.slice(0, head.num_rows // 2)
