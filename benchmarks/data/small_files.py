"""Readings of devices in many small JSON Lines files, a hundred to a folder."""

import json
from pathlib import Path

import numpy as np

A_FOLDER = 100


def generate(folder: Path, *, files: int, rows_per_file: int) -> None:
    """Write `files` files of about 100 bytes a row."""
    dice = np.random.default_rng(4000)
    for number in range(files):
        inside = folder / f"{number // A_FOLDER:04}"
        inside.mkdir(exist_ok=True)
        temp = dice.normal(20, 5, rows_per_file).round(2).tolist()
        hum = dice.uniform(0, 100, rows_per_file).round(1).tolist()
        lines = [
            json.dumps(
                {
                    "event_id": f"e{number * rows_per_file + place:09}",
                    "device": f"dev-{(number + place) % 500}",
                    "ts": 1_700_000_000 + place,
                    "temp": temp[place],
                    "hum": hum[place],
                    "ok": place % 50 != 0,
                    "kind": ("a", "b", "c")[place % 3],
                }
            )
            for place in range(rows_per_file)
        ]
        text = "\n".join(lines) + "\n"
        (inside / f"readings-{number:05}.jsonl").write_text(text, encoding="utf-8")
