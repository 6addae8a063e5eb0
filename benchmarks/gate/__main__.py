"""`python -m benchmarks.gate`: compare with what is on record, and fail if it has become worse.

`--update` puts on record what it is now; see `docs/guides/benchmarks.md`.
"""

import argparse
import json
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from benchmarks.gate.instructions import can_count
from benchmarks.gate.measure import By, Ratios, measure

RECORD = Path(__file__).with_name("record.json")
MARGIN: dict[By, float] = {"instructions": 1.05, "cpu": 1.25}
"""How many times the ratio on record is a failure: a twentieth more instructions are not noise, a
quarter more processor time may just not be."""


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and compare or put on record; return the exit code."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.gate", description=__doc__)
    options.add_argument("--by", choices=("instructions", "cpu"), help="what to compare by")
    options.add_argument("--update", action="store_true", help="put on record what it is now")
    arguments = options.parse_args(argv)
    usual: list[By] = ["instructions"] if can_count() else ["cpu"]
    if arguments.update and can_count():
        usual = ["instructions", "cpu"]
    record: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    here = {
        "python": platform.python_version(),
        "polars": pl.__version__,
        "pyarrow": pa.__version__,
    }
    failed = False
    for by in [arguments.by] if arguments.by else usual:
        with tempfile.TemporaryDirectory(prefix="ingest-gate-") as folder:
            found = measure(by, Path(folder))
        if arguments.update:
            record[by] = {name: round(ratio, 3) for name, ratio in found.items()}
            record["versions"] = here
        worse, lines = verdict(by, found, record.get(by, {}))
        failed |= worse
        print("\n".join([f"ours against bare Polars, by {by}", *lines]))
    if record["versions"] != here:
        print(f"the record was made with {record['versions']}, and here is {here}")
    if arguments.update:
        RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return int(failed)


def verdict(by: By, found: Ratios, record: Ratios) -> tuple[bool, list[str]]:
    """Say of each workload how it compares, and whether any has become worse than it may."""
    failed, lines = False, []
    for name, ratio in found.items():
        before = record.get(name)
        if before is None:
            failed, text = True, "nothing is on record: make bench-gate-update"
        elif ratio > MARGIN[by] * before:
            failed, text = True, f"WORSE than {before:.3f} on record: {ratio / before - 1:+.1%}"
        elif ratio * MARGIN[by] < before:
            text = f"better than {before:.3f} on record: keep it by make bench-gate-update"
        else:
            text = f"as {before:.3f} on record: {ratio / before - 1:+.1%}"
        lines.append(f"  {name:<8} {ratio:.3f}  {text}")
    return failed, lines


if __name__ == "__main__":
    sys.exit(main())
