"""The beginning of a text file for a sample, as it stands there but for private values."""

from collections.abc import Callable

from ingest.core.partition import Slice
from ingest.sniffing.synthetic import records
from ingest.sniffing.table import Head, Table
from ingest.sniffing.text import read_text


def text_head(without_private: Callable[[Table, str, str], str]) -> Head:
    """Return what reads the first records of a text file, with made-up values where it must."""

    def head(table: Table, piece: Slice, rows: int, size: int) -> bytes:
        text = read_text(piece)
        taken: list[str] = []
        length = 0
        for number, record in enumerate(records(text.pieces[0], table.open_quote)):
            # at least one record after a header
            if number > 1 and (number > rows or length + len(record) > size):
                break
            taken.append(record)
            length += len(text.encoded(record))
        return text.encoded(without_private(table, piece.uri, "".join(taken)))

    return head
