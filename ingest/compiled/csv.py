"""The compiled reader of CSV, called from Python. What it does is said in `csv.c`."""

import ctypes
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ingest.compiled.library import library, load

TEXT, INTEGER, FLOAT, DECIMAL, BOOLEAN, DATE, TIMESTAMP, ZONED = range(8)

Octets = np.ndarray[tuple[int], np.dtype[np.uint8]]
Bits = np.ndarray[tuple[int], np.dtype[np.uint64]]


class Kind(NamedTuple):
    """What a column is read as.

    `width` are the bytes of a value: 16 of the view of a text, 1 to 8 of an integer between `least`
    and `most`, 4 or 8 of a float, 16 of a decimal of up to `most` in its last place, of `decimals`;
    0 of a boolean, which is a bit; 4 of a date's days; 8 of a timestamp's units, of which a second
    has `10 ** decimals`.
    """

    kind: int
    width: int
    least: int = 0
    most: int = 0
    decimals: int = 0


class Signs(NamedTuple):
    """How records are written: `delimiter` and `quote` are ASCII; the quote is -1 if there is none.

    `tokens` stand for null in columns that are no texts, and so do empty fields if `empty_nulls`.
    """

    delimiter: int
    quote: int
    empty_nulls: bool
    tokens: Sequence[bytes]


class Column(NamedTuple):
    """The values of rows as Arrow lays them out, a bit for each that is not null, how many are."""

    values: Octets
    valid: Octets
    nulls: int


class Records(NamedTuple):
    """What was read: the columns of `rows`, and the texts that are longer than 12 bytes.

    `doubts` are the numbers of the records that are not among the rows, `odd` those of them with an
    odd number of quotes, where each is a line. Of more doubts than were allowed, `rows` is -1. Each
    column has `refused` so many records.
    """

    rows: int
    columns: Sequence[Column]
    heap: Octets
    doubts: "np.ndarray[tuple[int], np.dtype[np.int64]]"
    odd: "np.ndarray[tuple[int], np.dtype[np.int64]]"
    refused: Sequence[int]


class _Column(ctypes.Structure):
    _fields_: ClassVar = [
        ("kind", ctypes.c_int32),
        ("width", ctypes.c_int32),
        ("least", ctypes.c_int64),
        ("most", ctypes.c_int64),
        ("decimals", ctypes.c_int32),
        ("nulls", ctypes.c_int32),
        ("refused", ctypes.c_int64),
        ("values", ctypes.c_void_p),
        ("valid", ctypes.c_void_p),
    ]


class _Token(ctypes.Structure):
    _fields_: ClassVar = [("bytes", ctypes.c_char_p), ("size", ctypes.c_int64)]


class _Reading(ctypes.Structure):
    _fields_: ClassVar = [
        ("text", ctypes.c_char_p),
        ("size", ctypes.c_int64),
        ("delimiter", ctypes.c_int32),
        ("quote", ctypes.c_int32),
        ("empty_nulls", ctypes.c_int32),
        ("columns", ctypes.c_int32),
        ("tokens", ctypes.c_int32),
        ("most_doubts", ctypes.c_int32),
        ("token", ctypes.POINTER(_Token)),
        ("column", ctypes.POINTER(_Column)),
        ("heap", ctypes.c_void_p),
        ("ends", ctypes.c_void_p),
        ("doubts", ctypes.c_void_p),
        ("records", ctypes.c_int64),
        ("rows", ctypes.c_int64),
        ("heap_size", ctypes.c_int64),
        ("doubt_count", ctypes.c_int64),
    ]


def read(
    text: bytes,
    records: int,
    signs: Signs,
    kinds: Sequence[Kind],
    most_doubts: int,
    *,
    ends: Bits | None = None,
    built: Any = None,
) -> Records:
    """Read a text of so many records, all of them ended, in UTF-8 without NULs, of less than 2 GiB.

    Each is a line; or they end where `ends`, which has a bit for each byte, says, at the last byte
    too. It takes no lock of Python's meanwhile, and as much memory as the text has bytes, of which
    it keeps what texts of more than 12 bytes need. `built` is what `load` returns of another
    library than ours.
    """
    values = [np.empty(records * kind.width or -(-records // 8), np.uint8) for kind in kinds]
    valid = [np.full(-(-records // 8), 0xFF, np.uint8) for _ in kinds]
    heap, doubts = np.empty(len(text), np.uint8), np.empty((most_doubts, 2), np.int64)
    columns = (_Column * len(kinds))(*(
        _Column(
            kind.kind, kind.width, kind.least, kind.most, kind.decimals,
            values=place.ctypes.data, valid=bits.ctypes.data,
        )
        for kind, place, bits in zip(kinds, values, valid, strict=True)
    ))  # fmt: skip
    tokens = (_Token * len(signs.tokens))(*(_Token(each, len(each)) for each in signs.tokens))
    reading = _Reading(
        text, len(text), signs.delimiter, signs.quote, signs.empty_nulls, len(kinds),
        len(tokens), most_doubts, tokens, columns, heap.ctypes.data,
        None if ends is None else ends.ctypes.data, doubts.ctypes.data,
    )  # fmt: skip
    done = (built or load(library())).ingest_read_csv(ctypes.byref(reading))
    heap.resize(reading.heap_size, refcheck=False)  # in place: what is not used is given back
    doubts = doubts[: reading.doubt_count]
    return Records(
        reading.rows if done else -1,
        [
            Column(place, bits, column.nulls)
            for place, bits, column in zip(values, valid, columns, strict=True)
        ],
        heap,
        doubts[:, 0].copy(),
        doubts[doubts[:, 1] == 1, 0].copy(),
        [column.refused for column in columns],
    )
