"""What a small job publishes, as folders that other readers are given: rows, months, or nothing."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from tests.faults.state import State, assert_done

COLUMNS = {"id": "int64", "day": "date", "name": "string", "month": "int8"}
ROWS = [
    {"id": 1, "day": date(2013, 1, 1), "name": "x", "month": 1},
    {"id": 2, "day": date(2013, 2, 1), "name": None, "month": 2},
    {"id": 3, "day": date(2013, 2, 3), "name": "z", "month": 2},
]


@dataclass(frozen=True)
class Folders:
    """The folders of one format, published twice each, so that there is something to replace."""

    partitioned: str
    flat: str
    empty: str


def publish(place: Path, kind: str = "parquet") -> Folders:
    """Run a job three ways into folders below a place, in this process."""
    state = State(place)
    text = "".join(f"{row['id']},{row['day']},{row['name'] or ''},{row['month']}\n" for row in ROWS)
    state.write("in/flights/a.csv", f"id,day,name,month\n{text}")
    folders = Folders(*(f"{place}/data/{kind}_{name}" for name in ("partitioned", "flat", "empty")))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        for folder in (folders.partitioned, folders.flat, folders.empty):
            sink = {"type": kind, "path": folder}
            if folder != folders.flat:
                sink["partition_by"] = ["month"]
            none = [{"type": "filter", "where": "id > 9"}] if folder == folders.empty else []
            state.describe("flights", contract={"columns": COLUMNS}, sink=sink, transforms=none)
            for _ in range(2):
                assert_done(state.run("flights"))
    return folders
