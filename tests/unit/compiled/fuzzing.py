"""Reads random texts with the library that is named; the sanitizers in it end the process."""

import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ingest.compiled import csv, records
from ingest.compiled.library import load

SEED, TEXTS = 20261130, 4_000
FIELDS = (
    b"", b"12", b"12", b"-7", b"999999999999999999", b"0.1", b"12345678901234.56789", b"1e5",
    b"1.5E-07", b"1e", b"true", b"2024-02-29T10:20Z", b"2024-02-29", b"2024-02-29T10:20:30.123456",
    b"x", b"NA", b'"12"', b'""',
    b"a text of more than twelve bytes", b'"quoted ""twice"", and long enough"', "é".encode(),
)  # fmt: skip
ENDS = (b"\n", b"\n", b"\n", b"\r\n")
PIECES = (b",", b"\n", b'"', b'""', b"\r", b"\r\n", b"-", b".", b'"x\ny"', *FIELDS)
KINDS = (
    csv.Kind(csv.TEXT, 16),
    csv.Kind(csv.INTEGER, 1, -128, 127),
    csv.Kind(csv.INTEGER, 8, 0, 2**63 - 1),
    csv.Kind(csv.FLOAT, 8),
    csv.Kind(csv.FLOAT, 4),
    csv.Kind(csv.DECIMAL, 16, most=10**18 - 1, decimals=4),
    csv.Kind(csv.BOOLEAN, 0),
    csv.Kind(csv.DATE, 4),
    csv.Kind(csv.TIMESTAMP, 8, decimals=6),
    csv.Kind(csv.ZONED, 8, decimals=3),
)


def main() -> None:
    draw = random.Random(SEED)
    built = load(Path(sys.argv[1]))
    assert built is not None
    rows = joined = 0
    for _ in range(TEXTS):
        signs = csv.Signs(ord(","), draw.choice((ord('"'), -1)), draw.random() < 0.5, [b"NA"])
        kinds = draw.choices(KINDS, k=draw.randrange(1, 5))
        records = [draw.choices(FIELDS, k=len(kinds)) for _ in range(draw.randrange(40))]
        ended = [b",".join(fields) + draw.choice(ENDS) for fields in records]
        odd = b"".join(draw.choices(PIECES, k=draw.randrange(6)))
        ended.insert(draw.randint(0, len(ended)), odd)
        text = b"".join(ended) + b"\n"
        lines = text.count(b"\n")
        most = draw.choice((lines, lines // 3))
        read = csv.read(text, lines, signs, kinds, most, built=built)
        assert read.rows < 0 or read.rows + len(read.doubts) == lines
        rows += max(read.rows, 0)
        joined += read_joined(text, kinds, built)
    assert rows > TEXTS, rows
    assert joined > TEXTS, joined


def read_joined(text: bytes, kinds: Sequence[csv.Kind], built: Any) -> int:
    """Find where records of several lines end, and read them; return how many rows they are."""
    signs = (ord(","), ord('"'))
    ends = np.zeros(-(-len(text) // 64), np.uint64)
    targets = range(0, len(text) + 2, 7)
    found = records.find(text, len(text), signs, targets, ends=ends, built=built)
    assert all(start >= target for start, target in zip(found.starts, targets, strict=False))
    total = int(np.bitwise_count(ends).sum())
    if found.inside:  # then the last line feed ends no record: reading must stop there all the same
        assert found.record < len(text)
        ends[(len(text) - 1) >> 6] |= np.uint64(1 << ((len(text) - 1) & 63))
        total += 1
    plain = csv.Signs(*signs, True, [b"NA"])
    read = csv.read(text, total, plain, kinds, total, ends=ends, built=built)
    assert read.rows + len(read.doubts) == total
    return read.rows


if __name__ == "__main__":
    main()
