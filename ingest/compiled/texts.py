"""Rules on texts, called from Python. What they are is said in `texts.c`."""

import ctypes
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ingest.compiled.library import library, load

VIEW_BYTES = 16
INLINE_BYTES = 12

Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]
Octets = np.ndarray[tuple[int], np.dtype[np.uint8]]


class Views(NamedTuple):
    """Texts as Arrow lays them out: addresses of the views, of the bits, of what is not in views.

    `valid` is 0 if there are no nulls; `first` is the bit of the first text.
    """

    views: int
    rows: int
    valid: int
    first: int
    buffers: Sequence[int]


class _Texts(ctypes.Structure):
    _fields_: ClassVar = [
        ("views", ctypes.c_void_p),
        ("rows", ctypes.c_int64),
        ("valid", ctypes.c_void_p),
        ("first", ctypes.c_int64),
        ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ]


def within(texts: Views, least: Octets, span: Octets, *, built: Any = None) -> Flags:
    """Return in which views each byte, less `least`, is at most `span`; 16 bytes each.

    Here and below: nulls keep a rule; no lock of Python's is held meanwhile; `built` is what `load`
    returns, of another library than ours.
    """
    return _asked(built, "within", texts, place_of(least), place_of(span))


def long(texts: Views, least: int, most: int, *, built: Any = None) -> Flags:
    """Return which texts, in UTF-8, have at least and at most so many characters."""
    return _asked(built, "long", texts, ctypes.c_int64(least), ctypes.c_int64(most))


def among(texts: Views, allowed: Sequence[str], *, built: Any = None) -> Flags:
    """Return which texts are one of those allowed, of at most 12 bytes each."""
    views = b"".join(
        len(text).to_bytes(4, "little") + text.ljust(INLINE_BYTES, b"\0")
        for text in (each.encode() for each in allowed)
    )
    return _asked(built, "among", texts, views, ctypes.c_int64(len(allowed)))


def described(texts: Views) -> ctypes.Structure:
    """Return what compiled code is told of texts."""
    buffers = (ctypes.c_void_p * (len(texts.buffers) + 1))(*texts.buffers)  # one at least is read
    return _Texts(texts.views, texts.rows, texts.valid, texts.first, buffers)


def place_of(array: "np.ndarray[Any, Any]") -> ctypes.c_void_p:
    """Return where an array is in memory."""
    return ctypes.c_void_p(array.ctypes.data)


def _asked(built: Any, rule: str, texts: Views, *options: Any) -> Flags:
    flags = np.empty(texts.rows, np.bool_)
    function = getattr(built or load(library()), f"ingest_texts_{rule}")
    function(ctypes.byref(described(texts)), *options, place_of(flags))
    return flags
