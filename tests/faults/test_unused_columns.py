"""Columns that nobody looks at are not read; nothing else may show it."""

import json
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.sources.parquet import Parquet

ROWS = 1000
KEEP = {"type": "select", "columns": ["id", "n"]}


@pytest.fixture
def wide(job):
    """Two files of three row groups, each with a wide column of text that no step names."""
    for number in range(2):
        ids = range(number * ROWS, (number + 1) * ROWS)
        table = pa.table(
            {
                "note": [f"note {each}" for each in ids],
                "id": list(ids),
                "n": [each % 100 for each in ids],
                "tags": [[each, each + 1] for each in ids],
            }
        )
        (job.place / "in").mkdir(exist_ok=True)
        pq.write_table(table, job.place / f"in/{number}.parquet", row_group_size=400)
    return job


def damage(path: Path, column: str) -> None:
    """Overwrite the pages of a column."""
    meta = pq.read_metadata(path)
    place = meta.schema.to_arrow_schema().names.index(column)
    content = bytearray(path.read_bytes())
    for group in range(meta.num_row_groups):
        chunk = meta.row_group(group).column(place)
        start = chunk.dictionary_page_offset or chunk.data_page_offset
        content[start : start + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    path.write_bytes(content)


def test_they_are_not_read(wide):
    damage(wide.place / "in/0.parquet", "note")
    wide.define("parquet", parts={"transforms": [KEEP]})

    result = wide.run()

    assert result.code == 0, result.err
    assert wide.frame.height == 2 * ROWS
    assert wide.frame.columns == ["id", "n"]


def test_they_are_read_where_somebody_looks(wide):
    damage(wide.place / "in/0.parquet", "note")
    check = {"type": "drop_nulls", "columns": ["note"]}
    wide.define("parquet", parts={"transforms": [check, KEEP]})

    result = wide.run()

    assert result.code == 1
    assert "damaged Parquet" in result.err


@pytest.mark.parametrize("rows", ["cut", "whole"])
def test_rejected_rows_are_shown_whole(wide, monkeypatch, rows):
    small = {"type": "cast", "columns": {"id": "int16"}}
    rare = {"type": "expression", "expression": "n <> 7", "name": "rare"}
    steps = [{"type": "filter", "where": "id % 2 = 1 OR id = 1400"}, small]
    parts = {
        "transforms": [*steps, {"type": "select", "columns": ["id", "n", "tags", "note"]}, KEEP],
        "contract": {"on_error": "quarantine", "checks": [rare]},
    }
    wide.define("parquet", parts=parts)
    size = ["execution.partition_bytes=4096"] if rows == "cut" else []
    assert wide.run(*size).code == 0
    narrow = (wide.rows, quarantined(wide))
    assert narrow[0]
    assert len(narrow[1]) == 20

    monkeypatch.setattr(Parquet, "without", lambda _self, layout, _unused: layout)
    assert wide.run(*size, "--fresh").code == 0

    assert (wide.rows, quarantined(wide)) == narrow


def test_rows_that_a_step_rejects_are_shown_as_they_stood_there(wide):
    small = {"type": "cast", "columns": {"id": "int8"}}
    parts = {"transforms": [small, KEEP], "contract": {"on_error": "quarantine"}}
    wide.define("parquet", parts=parts)
    assert wide.run().code == 0

    shown = [json.loads(row) for row in wide.quarantine["row"]]

    assert len(shown) == 2 * ROWS - 128
    assert all(row["note"] == f"note {row['tags'][0]}" for row in shown)
    assert all(row["n"] == row["tags"][0] % 100 for row in shown)


def test_a_file_with_another_type_is_read_because_its_values_may_not_fit(wide):
    pl.DataFrame({"note": [1.5], "id": [5000], "n": [1], "tags": [[1, 2]]}).write_parquet(
        wide.place / "in/2.parquet"
    )
    parts = {"transforms": [KEEP], "contract": {"on_error": "quarantine"}}
    wide.define("parquet", columns={"note": "string", "n": "int8"}, parts=parts)

    assert wide.run().code == 0
    assert wide.frame.height == 2 * ROWS + 1


def test_what_does_not_fit_its_type_is_shown_as_it_stands_in_the_file(job):
    (job.place / "in").mkdir()
    late = pa.array([86_399_000_000, 86_400_000_000, 1], pa.time64("us"))
    table = pa.table({"id": [1, 300, 301], "at": late})
    pq.write_table(table, job.place / "in/0.parquet")
    parts = {
        "transforms": [{"type": "cast", "columns": {"id": "int8"}}, {**KEEP, "columns": ["id"]}],
        "contract": {"on_error": "quarantine"},
    }
    job.define("parquet", parts=parts)

    assert job.run().code == 0

    shown = job.quarantine.sort("line")["original"].to_list()
    assert [json.loads(each)["id"] for each in shown] == [300, 301]
    assert "24:00" in shown[0]
    assert job.rows == [{"id": 1}]


def test_of_each_file_one_column_is_read_whichever_it_has(job):
    for number, names in enumerate((["a", "b"], ["b"])):
        job.write(f"in/{number}.parquet", pl.DataFrame({name: [1, 2, 3] for name in names}))
    steps = [{"type": "derive", "columns": {"c": "1"}}, {"type": "select", "columns": ["c"]}]
    job.define("parquet", schema={"missing_columns": "null"}, parts={"transforms": steps})

    result = job.run()

    assert result.code == 0, result.err
    assert job.rows == [{"c": 1}] * 6


def quarantined(job) -> list[dict]:
    """Return the rows of the quarantine, sorted, but for what names the run."""
    return job.quarantine.drop("run_id").sort("file", "line").to_dicts()
