"""Poison on purpose: rows that end or break whoever works them.

A job's `functions.py` takes them over: `from tests.injectors.poison import suffer`, and its step is
`{type: python, function: functions:suffer, row_wise: true}`.
"""

import ctypes
import os
import time
from collections.abc import Callable, Mapping

import polars as pl

from ingest.core.partition import Partition
from ingest.sources.base import Layout, Read
from ingest.sources.csv import Csv

FATE = "fate"
PIECE_BYTES = 16 * 1024 * 1024


def _raise() -> None:
    raise ValueError("this row's fate is 'raise'")


def _segfault() -> None:
    ctypes.string_at(0)


def _exit() -> None:
    os._exit(3)


def _allocate() -> None:
    held = []
    while True:
        held.append(bytearray(PIECE_BYTES))


def _sleep() -> None:
    while True:
        time.sleep(1)


FATES: Mapping[str, Callable[[], None]] = {
    "raise": _raise,
    "segfault": _segfault,
    "exit": _exit,
    "allocate": _allocate,
    "sleep": _sleep,
}


def suffer(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows as they are, unless the column `fate` of one of them says what to die of."""
    fated = rows[FATE].drop_nulls()
    for fate in fated.filter(fated.is_in(list(FATES))).head(1):
        FATES[fate]()
    return rows


def gobble(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows as they are, and reserve a mebibyte for each on the way."""
    pl.zeros(rows.height * 131_072, dtype=pl.Int64, eager=True)
    return suffer(rows)


class DeadlyCsv(Csv):
    """CSV files that end whoever reads them."""

    def read(self, partition: Partition, layout: Layout) -> Read:  # noqa: ARG002 - comes to nothing
        """End the process."""
        os._exit(3)
