"""Numbers for the values of texts, made by compiled code. How is said in `dictionary.c`."""

import ctypes
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ingest.compiled.library import library, load
from ingest.compiled.texts import Views, described, place_of

_VALUE_BYTES = 24
_SLOTS_OF_A_VALUE = 2

Numbers = np.ndarray[tuple[int], np.dtype[np.int32]]
Rows = np.ndarray[tuple[int], np.dtype[np.int64]]


class Numbered(NamedTuple):
    """The number of the value of each text, and the row in which each value comes first.

    Values are numbered in the order of these rows. Nulls have the number 0.
    """

    numbers: Numbers
    rows: Rows


class _Dictionary(ctypes.Structure):
    _fields_: ClassVar = [
        ("slots", ctypes.c_void_p),
        ("places", ctypes.c_int64),
        ("values", ctypes.c_void_p),
        ("rows", ctypes.c_void_p),
        ("most", ctypes.c_int64),
        ("count", ctypes.c_int64),
        ("row", ctypes.c_int64),
    ]


def numbered(parts: Sequence[Views], most: int, *, built: Any = None) -> Numbered | None:
    """Number the values of a column that comes in parts.

    None if there are more than `most`, a power of two, or if it would take too long to tell them
    apart. No lock of Python's is held meanwhile; `built` is what `load` returns, of another library
    than ours.
    """
    slots = np.zeros(_SLOTS_OF_A_VALUE * most, np.int32)
    values, rows = np.empty(_VALUE_BYTES * most, np.uint8), np.empty(most, np.int64)
    known = _Dictionary(place_of(slots), len(slots), place_of(values), place_of(rows), most, 0, 0)
    numbers = np.empty(sum(part.rows for part in parts), np.int32)
    function = (built or load(library())).ingest_texts_numbered
    function.restype = ctypes.c_int64
    start = 0
    for part in parts:
        here = numbers[start : start + part.rows]
        if function(ctypes.byref(described(part)), ctypes.byref(known), place_of(here)) < 0:
            return None
        start += part.rows
    return Numbered(numbers, rows[: known.count])
