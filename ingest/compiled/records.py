"""Where records of CSV begin whose quoted fields may hold line feeds; see `records.c`."""

import ctypes
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from ingest.compiled.csv import Bits
from ingest.compiled.library import library, load


class Found(NamedTuple):
    """What was found in a text.

    `starts` is where the first record from each target on begins, for as many targets as there is
    one. `record` is where the last one begins, -1 if none does; it is the text's size if that ends
    with a record. With `inside`, a quote is open at its end.
    """

    starts: Sequence[int]
    record: int
    inside: bool


class _Search(ctypes.Structure):
    _fields_: ClassVar = [
        ("text", ctypes.c_char_p),
        ("size", ctypes.c_int64),
        ("delimiter", ctypes.c_int32),
        ("quote", ctypes.c_int32),
        ("inside", ctypes.c_int32),
        ("targets", ctypes.c_int32),
        ("target", ctypes.POINTER(ctypes.c_int64)),
        ("start", ctypes.POINTER(ctypes.c_int64)),
        ("found", ctypes.c_int32),
        ("record", ctypes.c_int64),
        ("ends", ctypes.c_void_p),
    ]


def find(
    text: bytes,
    size: int,
    signs: tuple[int, int],
    targets: Sequence[int] = (),
    *,
    inside: bool = False,
    ends: Bits | None = None,
    built: Any = None,
) -> Found:
    """Look at the first `size` bytes of a text, which are whole lines, or nothing.

    `signs` are the delimiter and the quote, ASCII both; `targets` ascend. `inside` says
    that a quote is open at its beginning. In `ends`, which has a bit for each byte, those are set
    that end a record. It takes no lock of Python's meanwhile. `built` is what `load` returns of
    another library than ours.
    """
    wanted, starts = ((ctypes.c_int64 * len(targets))(*values) for values in (targets, ()))
    search = _Search(
        text, size, *signs, inside, len(targets), wanted, starts,
        ends=None if ends is None else ends.ctypes.data,
    )  # fmt: skip
    (built or load(library())).ingest_csv_records(ctypes.byref(search))
    return Found(starts[: search.found], search.record, bool(search.inside))
