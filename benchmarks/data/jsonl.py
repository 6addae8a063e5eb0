"""Nested documents as JSON Lines, texts of very different lengths and with unruly white space."""

import json
from pathlib import Path

import numpy as np

from benchmarks.data._words import words

WORDS = 20_000
LONGEST = 260
BLANKS = (" ", " ", " ", " ", " ", "  ", "\n", " \t ")
LANGUAGES = ("en", "de", "fr", "es")


def generate(folder: Path, *, files: int, docs_per_file: int) -> None:
    """Write documents of about 580 bytes; some texts are too short to keep."""
    known = words(np.random.default_rng(0), WORDS)
    for number in range(files):
        dice = np.random.default_rng(2000 + number)
        with (folder / f"docs-{number:03}.jsonl").open("w", encoding="utf-8") as file:
            for place in range(docs_per_file):
                document = _document(dice, known, number * docs_per_file + place)
                file.write(json.dumps(document, ensure_ascii=False) + "\n")


def _document(dice: np.random.Generator, known: list[str], number: int) -> dict[str, object]:
    count = min(LONGEST, int(dice.gamma(1.2, 50)) + 3)
    chosen = dice.integers(0, len(known), count).tolist()
    between = dice.integers(0, len(BLANKS), count).tolist()
    site = number % 9973
    return {
        "id": f"doc-{number:09}",
        "text": "".join(known[a] + BLANKS[b] for a, b in zip(chosen, between, strict=True)),
        "url": f"https://site{site}.example.org/page/{number}",
        "meta": {
            "lang": LANGUAGES[number % 4],
            "score": round(float(dice.random()), 4),
            "source": {"name": f"crawl-{number % 5}", "shard": number % 64},
        },
        "ts": 1_700_000_000 + number,
    }
