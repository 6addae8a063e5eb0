"""A small piece of an input, to be committed beside its job as `jobs/<name>/sample/`.

Text stays as it stood, byte for byte, with title lines, byte order mark and bad records, so that
reading the sample proves reading the whole; only compression is taken off, so that it can be read
and compared in a review. Folders that hold keys (`day=2013-01-31`) are kept. In columns that
probably hold personal data, made-up values stand for the real ones.
"""

from pathlib import Path

from ingest.core.partition import Slice
from ingest.sniffing.listing import kind_by_name, usual_ending
from ingest.sniffing.synthetic import made_up
from ingest.sniffing.table import Table
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
    rows, size = ROWS // len(pieces), BYTES // len(pieces)
    written = []
    for number, piece in enumerate(pieces):
        path = folder / _place(piece, table)
        if path in written:  # files of one name in different folders
            path = path.with_name(f"{number}_{path.name}")
        make_folder(path.parent)
        path.write_bytes(table.head(table, piece, rows, size))
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
