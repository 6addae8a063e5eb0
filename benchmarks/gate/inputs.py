"""Small inputs for the gate, one file each, from a seed: trips, line items, documents."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

Dice = np.random.Generator
WORDS = 2_000
SEPARATORS = (" ", " ", " ", " ", "  ", "\n", " \t ")


def taxi(path: Path, rows: int) -> None:
    """Write trips as Parquet: two in a hundred are filtered, one is rejected."""
    dice = np.random.default_rng(1)
    numbers = pl.Series(range(rows)).cast(pl.String).str.zfill(9)
    prefix = pl.Series(np.where(dice.random(rows) < 0.004, "X-T", "T"))
    picked = _moments(dice, rows).sort()
    distance = dice.gamma(1.5, 2.2, rows).round(2) + 0.01
    fare = (3 + distance * 2.8 + dice.normal(0, 1.0, rows)).round(2)
    fare[dice.random(rows) < 0.002] = 900.5
    distance[dice.random(rows) < 0.02] = 0
    pl.DataFrame(
        {
            "trip_id": prefix + numbers,
            "vendor_id": dice.integers(1, 3, rows),
            "pickup_ts": picked,
            "dropoff_ts": picked
            + pl.Series(dice.integers(1, 3_000_000_000, rows)).cast(pl.Duration("us")),
            "passenger_count": _holed(dice, dice.integers(1, 7, rows), 0.004),
            "trip_distance": distance,
            "rate_code": _picked(dice, [1, 1, 1, 1, 2, 3, 99], rows),
            "store_fwd": _picked(dice, ["N", "N", "N", "Y"], rows),
            "payment_type": _picked(dice, ["card", "cash", "free", "unknown"], rows),
            "zone": _picked(dice, [f"zone_{number:03}" for number in range(260)], rows),
            "fare": fare,
            "tip": dice.gamma(1.0, 2.0, rows).round(2),
        }
    ).write_parquet(path, compression="snappy", row_group_size=max(1, rows // 4))


def csv(path: Path, rows: int) -> None:
    """Write line items as CSV: one in ten is filtered, one in a hundred is rejected."""
    dice = np.random.default_rng(2)
    words = _words(dice)
    shipped = _moments(dice, rows).dt.date()
    comments = [" ".join(words[place : place + 4]) for place in dice.integers(0, WORDS - 4, rows)]
    pl.DataFrame(
        {
            "l_orderkey": np.arange(rows) // 4,
            "l_partkey": dice.integers(1, 200_000, rows),
            "l_suppkey": dice.integers(1, 10_000, rows),
            "l_linenumber": np.arange(rows) % 4 + 1,
            "l_quantity": dice.integers(1, 51, rows),
            "l_extendedprice": dice.uniform(900, 92_300, rows).round(2),
            "l_discount": _picked(dice, [number / 100 for number in range(11)], rows),
            "l_tax": _picked(dice, [number / 100 for number in range(9)], rows),
            "l_returnflag": _picked(dice, ["A", "N", "R"], rows),
            "l_linestatus": _picked(dice, ["F", "O"], rows),
            "l_shipdate": shipped,
            "l_commitdate": shipped.dt.offset_by("7d"),
            "l_receiptdate": shipped + _days(dice.integers(1, 31, rows)),
            "l_shipinstruct": _picked(dice, ["NONE", "COLLECT COD", "TAKE BACK RETURN"], rows),
            "l_shipmode": _picked(dice, ["AIR", "MAIL", "RAIL", "SHIP", "TRUCK"], rows),
            "l_comment": comments,
        }
    ).write_csv(path)


def jsonl(path: Path, rows: int) -> None:
    """Write documents as JSON Lines: one in five is too short."""
    dice = np.random.default_rng(3)
    words = _words(dice)
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            chosen = dice.integers(0, WORDS, int(dice.integers(5, 110)))
            between = dice.integers(0, len(SEPARATORS), len(chosen))
            pairs = zip(chosen, between, strict=True)
            source = {"name": f"crawl-{number % 5}", "shard": number % 64}
            meta = {"lang": ("en", "de", "fr")[number % 3], "score": 0.5, "source": source}
            document = {
                "id": f"d{number:07}",
                "text": "".join(words[word] + SEPARATORS[place] for word, place in pairs),
                "url": f"https://site{number % 997}.example.org/p/{number}",
                "meta": meta,
                "ts": 1_700_000_000 + number,
            }
            file.write(json.dumps(document) + "\n")


def _moments(dice: Dice, rows: int) -> pl.Series:
    begin = pl.Series([datetime(2024, 1, 1)])  # noqa: DTZ001 - trips have local times
    return begin.extend_constant(begin[0], rows - 1) + pl.Series(
        dice.integers(0, 86_400_000_000 * 90, rows)
    ).cast(pl.Duration("us"))


def _days(numbers: Any) -> pl.Series:
    return (pl.Series(numbers) * 86_400_000).cast(pl.Duration("ms"))


def _holed(dice: Dice, numbers: Any, part: float) -> pl.Series:
    return pl.Series(numbers).set(pl.Series(dice.random(len(numbers)) < part), None)


def _picked(dice: Dice, values: list[Any], rows: int) -> pl.Series:
    return pl.Series(values).gather(dice.integers(0, len(values), rows))


def _words(dice: Dice) -> list[str]:
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = ["".join(dice.choice(letters, dice.integers(2, 10))) for _ in range(WORDS)]
    return [word.capitalize() if place % 7 == 0 else word for place, word in enumerate(words)]
