"""Numbers random texts with the library that is named; the sanitizers in it end the process."""

import random
import sys
from pathlib import Path

from looking import laid_out

from ingest.compiled.dictionary import numbered
from ingest.compiled.library import load
from ingest.compiled.texts import Views

SEED, COLUMNS, MOST = 20261130, 3_000, 32


def main() -> None:
    """Compare the numbers of columns in parts, that have no byte to spare, with Python's."""
    draw = random.Random(SEED)
    built = load(Path(sys.argv[1]))
    assert built is not None
    for _ in range(COLUMNS):
        parts, arrays, texts = [], [], []
        for _ in range(draw.randrange(4)):
            values = ["".join(draw.choices("ab😀", k=draw.randrange(30))) for _ in range(9)]
            values += draw.choices([*values, "ab" * 8], k=6)
            nulls = [draw.random() < 0.2 for _ in values]
            arrays.append(laid_out(values, nulls, first := draw.randrange(8)))
            views, valid, *heaps = arrays[-1]
            parts.append(
                Views(
                    views.ctypes.data, len(values), valid.ctypes.data if any(nulls) else 0, first,
                    [heap.ctypes.data for heap in heaps],
                )
            )  # fmt: skip
            texts += [None if null else text for text, null in zip(values, nulls, strict=True)]
        distinct = [text for text in dict.fromkeys(texts) if text is not None]
        order = {text: number for number, text in enumerate(distinct)}
        known = numbered(parts, MOST, built=built)
        assert (known is None) == (len(order) > MOST)
        if known is not None:
            wanted = [0 if text is None else order[text] for text in texts]
            assert known.numbers.tolist() == wanted
            assert [texts[row] for row in known.rows] == list(order)


if __name__ == "__main__":
    main()
