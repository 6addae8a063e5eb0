"""Looks at random texts with the library that is named; the sanitizers in it end the process."""

import random
import sys
from pathlib import Path

import numpy as np

from ingest.compiled import texts
from ingest.compiled.library import load

SEED, COLUMNS = 20261130, 3_000
LETTERS = "abcé٣😀"
ALLOWED = ("a", "ab", "", "abcdefghijkl"[:12], "éa")


def main() -> None:
    """Compare what it says of columns that have no byte to spare with what Python says."""
    draw = random.Random(SEED)
    built = load(Path(sys.argv[1]))
    assert built is not None
    for _ in range(COLUMNS):
        size = draw.randrange(12)
        values = [
            "".join(draw.choices(LETTERS[: draw.randint(1, 6)], k=draw.randrange(30)))
            for _ in range(size)
        ] + draw.choices(ALLOWED, k=draw.randrange(3))
        nulls = [draw.random() < 0.2 for _ in values]
        arrays = laid_out(values, nulls, first := draw.randrange(8))
        views, valid, *heaps = arrays
        asked = texts.Views(
            views.ctypes.data, len(values), valid.ctypes.data if any(nulls) else 0, first,
            [heap.ctypes.data for heap in heaps],
        )  # fmt: skip
        kept = [any(nulls) and null for null in nulls]
        least, most = sorted((draw.randrange(20), draw.randrange(20)))
        long = [none or least <= len(text) <= most for none, text in zip(kept, values, strict=True)]
        assert texts.long(asked, least, most, built=built).tolist() == long
        among = [none or text in ALLOWED for none, text in zip(kept, values, strict=True)]
        assert texts.among(asked, ALLOWED, built=built).tolist() == among
        low, span = np.zeros(16, np.uint8), np.full(16, draw.randrange(256), np.uint8)
        flat = views.reshape(-1, 16)
        within = (flat <= span).all(axis=1).tolist()
        wanted = [none or one for none, one in zip(kept, within, strict=True)]
        assert texts.within(asked, low, span, built=built).tolist() == wanted


def laid_out(values: list[str], nulls: list[bool], first: int) -> list[np.ndarray]:
    """Return views, bits, and the bytes of each long text; the views of nulls lead nowhere."""
    views, heaps = [], []
    for text, null in zip(values, nulls, strict=True):
        data = text.encode()
        view = len(data).to_bytes(4, "little") + data[:12].ljust(12, b"\0")
        if len(data) > 12:
            view = view[:8] + len(heaps).to_bytes(4, "little") + (3).to_bytes(4, "little")
            heaps.append(np.frombuffer(b"\xff\xff\xff" + data, np.uint8).copy())
        views.append(b"\xff" * 16 if null else view)
    bits = np.array([True] * first + [not null for null in nulls], np.bool_)
    flat = np.frombuffer(b"".join(views), np.uint8).copy()
    return [flat, np.packbits(bits, bitorder="little"), *heaps]


if __name__ == "__main__":
    main()
