"""The gate fails when our path of a partition costs more, and only then."""

import json

import polars as pl
import pytest

from benchmarks.gate import __main__ as gate
from benchmarks.gate import bare, inputs, instructions, measure
from ingest.core.errors import FatalError
from ingest.core.partition import Assignment

pytestmark = pytest.mark.slow

BY: measure.By = "instructions" if instructions.can_count() else "cpu"
ROWS = {"taxi": 5_000 if BY == "instructions" else 100_000}
SLOW = "lower(upper(trim(lower(upper(zone)))))"


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    return measure.measure(BY, tmp_path_factory.mktemp("usual"), ROWS)


def test_the_same_again_passes(usual, tmp_path):
    failed, lines = gate.verdict(BY, measure.measure(BY, tmp_path, ROWS), usual)
    assert not failed, lines


def test_a_slow_step_fails(usual, tmp_path):
    columns = ", ".join(f"slow{n}: '{SLOW}'" for n in range(10))
    steps = f"{{type: derive, columns: {{{columns}}}}}"
    shown = "{type: filter, where: 'trip_distance > 0 AND fare > 0 AND dropoff_ts > pickup_ts'}"
    cast = "{type: cast, columns: {passenger_count: int8, rate_code: int16}}"
    found = measure.measure(BY, tmp_path, ROWS, [f"transforms=[{shown}, {cast}, {steps}]"])
    failed, (line,) = gate.verdict(BY, found, usual)
    assert failed
    assert "WORSE than" in line


def test_what_is_a_little_more_passes_and_what_is_new_does_not():
    record = {"taxi": 1.0, "csv": 2.0, "jsonl": 3.0}
    failed, lines = gate.verdict("cpu", {"taxi": 1.2, "csv": 1.0}, record)
    assert not failed
    assert "as 1.000 on record: +20.0%" in lines[0]
    assert "better than 2.000 on record" in lines[1]
    assert gate.verdict("cpu", {"taxi": 1.3}, record)[0]
    failed, (line,) = gate.verdict("cpu", {"new": 1.0}, record)
    assert failed
    assert "nothing is on record: make bench-gate-update" in line


def test_all_workloads_are_on_record():
    record = json.loads(gate.RECORD.read_text())
    assert set(record["instructions"]) == set(record["cpu"]) == set(measure.MAKE)


def test_rows_that_differ_are_no_comparison(tmp_path):
    with pytest.raises(FatalError, match="taxi: rows good and bad differ"):
        measure.measure("cpu", tmp_path, {"taxi": 1000}, ["contract.checks=[]"])


@pytest.mark.parametrize("name", measure.MAKE)
def test_bare_polars_comes_to_the_same_values(name, tmp_path):
    work = measure.prepare(name, 2000, tmp_path)
    outcome = work.task(Assignment(work.partition, 1, 1))
    assert outcome.failure is None
    rows = bare.WORK[name](measure.Path(work.partition.slices[0].uri), tmp_path)
    (staged,) = (each for each in outcome.staged if each.output == "main")
    (file,) = tmp_path.glob(f".ingest-{name}/*/{staged.keep['name']}")
    ours = pl.read_parquet(file)
    theirs = pl.read_parquet(tmp_path / "good.parquet")
    assert ours.equals(theirs)
    assert rows[0] == ours.height
    assert outcome.books[-1].rows - outcome.books[-1].out == rows[1]


def test_the_inputs_have_rows_of_every_fate(tmp_path):
    for name, make in (("taxi", inputs.taxi), ("csv", inputs.csv)):
        make(tmp_path / name, 2000)
        good, bad = bare.WORK[name](tmp_path / name, tmp_path)
        assert 0 < bad < good < 2000 - bad
