"""D6: what an error advises works when it is done."""

import re
from datetime import UTC, date, datetime, time
from itertools import product

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from ingest.core.errors import ConfigError
from ingest.core.types import parse_type
from ingest.core.values.casting import converted
from ingest.transforms.base import StepContext
from ingest.transforms.cast import Cast
from ingest.transforms.derive import Derive
from tests.bad_input.bench import Bench

MOMENT = datetime(2024, 1, 2, 3, 4, 5)
VALUES = {
    "int32": 7, "int64": 1_700_000_000, "uint64": 5, "float64": 1.5, "decimal(18,2)": 1,
    "boolean": True, "string": "2024-01-02", "binary": b"2024-01-02", "date": date(2024, 1, 2),
    "time": time(3), "timestamp": MOMENT, "timestamp(ms, UTC)": MOMENT.replace(tzinfo=UTC),
    "list<string>": ["a", "b"], "list<int64>": [1], "struct<a: int64>": {"a": 1},
    "list<timestamp>": [MOMENT], "struct<a: timestamp>": {"a": MOMENT},
}  # fmt: skip


def step_in(message: str) -> Cast | Derive | None:
    """Return the step that a message names."""
    found = re.search(r"in a step: (\{.*\})\.", message)
    if found is None:
        return None
    options = yaml.safe_load(found[1])
    return {"cast": Cast, "derive": Derive}[options["type"]](**options)


@pytest.mark.parametrize(("source", "target"), [*product(VALUES, VALUES)])
def test_the_step_that_a_cast_error_names_gives_the_type(source, target):
    kind, wanted = parse_type(source), parse_type(target)
    try:
        converted(pl.col("v"), kind, wanted)
    except ConfigError as error:
        message = str(error)
    else:
        return
    assert message.startswith(f"{source} cannot become {target}. ")
    step = step_in(message)
    if step is None:
        assert "Unpack it first" in message or "Keep the column's own type" in message
        return
    frame = pl.LazyFrame({"v": [VALUES[source], None]}, schema={"v": kind})
    rows = step.apply(frame, StepContext()).collect()
    assert rows.schema["v"] == wanted
    if source != "binary" or target in {"date", "timestamp"}:
        assert rows["v"][0] is not None


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Bench(tmp_path)


def write_numbers(bench: Bench, kind: str) -> None:
    file = bench.place / "in" / f"a.{kind}"
    if kind == "parquet":
        pq.write_table(pa.table({"id": [1], "ts": [1_700_000_000]}), file)
    elif kind == "jsonl":
        file.write_text('{"id":1,"ts":1700000000}\n')
    else:
        file.write_text("id,ts\n1,1700000000\n")


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_seconds_become_timestamps_as_the_error_says(bench, kind):
    write_numbers(bench, kind)
    source = {"type": kind, "path": "in"}
    if kind == "csv":
        source["columns"] = {"ts": "int64", "id": "int64"}
    job = {"source": source, "contract": {"columns": {"id": "int64"}}}
    bench.describe(**job, transforms=[{"type": "cast", "columns": {"ts": "timestamp"}}])
    refused = bench.run()
    assert refused.code == 2
    step = step_in(refused.err.replace("\n", " "))
    advised = step.model_dump(exclude_unset=True, mode="json")
    bench.describe(**job, transforms=[advised])
    done = bench.run()
    assert done.code == 0, done.err
    assert bench.table == [{"id": 1, "ts": datetime.fromisoformat("2023-11-14T22:13:20")}]


def test_a_field_of_numbers_and_texts_is_read_as_the_error_says(bench):
    lines = [
        '{"id":1,"ts":1700000000,"odd name":"x","more":{"a":[1,2.5]}}',
        '{"id":2,"ts":"2023-11-14T22:13:20"}',
    ]
    (bench.place / "in" / "a.jsonl").write_text("\n".join(lines) + "\n")
    cast = {"type": "cast", "columns": {"ts": {"type": "timestamp", "format": "epoch_s"}}}
    job = {"transforms": [cast], "contract": {"on_error": "quarantine"}}
    bench.describe(**job, source={"type": "jsonl", "path": "in"})
    refused = bench.run()
    assert refused.code == 2
    assert '"ts" is int64 in some records of the sample and string in others' in refused.err
    columns = yaml.safe_load(re.search(r"source\.columns: (\{.*\})", refused.err)[1])
    bench.describe(**job, source={"type": "jsonl", "path": "in", "columns": columns})
    done = bench.run()
    assert done.code == 0, done.err
    (row,) = bench.table
    assert (row["id"], row["odd name"], row["more"]) == (1, "x", {"a": [1.0, 2.5]})
    (bad,) = bench.rejected
    assert (bad["line"], bad["column"], bad["reason"]) == (2, "ts", "ts: not an int64")


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        (['{"a":[1,"x"],"b":1}'], []),
        (['{"a":{"x":1},"b":1}', '{"a":{"x":"y"},"b":2}'], [1]),
        (['{"a":1,"b":1}', '{"a":[1],"b":2}', '{"a":{"z":1},"b":3}'], [1]),
        (['{"a":' + "[" * 40 + "]" * 40 + ',"b":1}'], [1]),
    ],
)
def test_other_mixtures_are_read_as_the_error_says(bench, lines, left):
    (bench.place / "in" / "a.jsonl").write_text("\n".join(lines) + "\n")
    contract = {"contract": {"on_error": "quarantine"}}
    bench.describe(**contract, source={"type": "jsonl", "path": "in"})
    refused = bench.run()
    assert refused.code == 2
    columns = yaml.safe_load(re.search(r"source\.columns: (\{.*\})", refused.err)[1])
    bench.describe(**contract, source={"type": "jsonl", "path": "in", "columns": columns})
    done = bench.run()
    assert done.code == 0, done.err
    assert [row["b"] for row in bench.table] == left
