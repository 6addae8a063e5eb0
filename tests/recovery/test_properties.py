"""However the work is cut, ordered, interrupted and repeated: the same rows, and balanced books."""

import csv
import gzip
import io
import json
import tempfile
import threading
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.errors import Interrupted
from ingest.core.outcome import Failure, Outcome
from ingest.records.plans import Plan
from ingest.records.runs import Runs
from ingest.storage.objects import LocalStore
from ingest.testing.faults import Crash, CrashingStore
from ingest.testing.golden import read_rows
from ingest.workers.base import Lost
from ingest.workers.in_process import InProcessWorkers
from tests.examples import examples
from tests.recovery.jobs import AT_ONCE, debris, make_job, phase, work

NAMES = st.none() | st.text("abxyz ÄÖ,\"'", min_size=1, max_size=6)
ROWS = st.lists(st.tuples(st.integers(0, 99), NAMES, st.integers(-150, 150)), max_size=25)
SCHEMA = {"id": pl.Int64, "name": pl.String, "n": pl.Int64}

ROW_STEPS = [
    {"type": "filter", "where": "id % 3 <> 0"},
    {"type": "derive", "columns": {"twice": "id * 2"}},
    {"type": "fill_null", "columns": {"name": "nobody"}},
    {"type": "mask", "columns": ["id"], "method": "partial", "show_last": 1},
]


def expected(rows):
    """Say, without ingest, what `ROW_STEPS` and the contract let through."""
    lines = [
        ["*" if k < 10 else f"*{k % 10}", name or "nobody", n, k * 2]
        for k, name, n in rows
        if k % 3 and -128 <= n <= 127
    ]
    return sorted(json.dumps(line, ensure_ascii=False) for line in lines)


class Shuffled(InProcessWorkers):
    """Works what it was handed in any order."""

    def __init__(self, chance, capacity):
        super().__init__()
        self.chance, self.capacity = chance, capacity

    def results(self, timeout_s):
        self.chance.shuffle(self._waiting)
        return super().results(timeout_s)


class Fickle(Shuffled):
    """Loses work and answers, and dies, but lets each partition come through at its fourth try."""

    def results(self, timeout_s):
        answers = super().results(timeout_s)
        return [self._spoilt(each) for each in answers]

    def _spoilt(self, outcome):
        if outcome.key[2] > 3:
            return outcome
        fate = self.chance.choice(["done", "done", "connection", "culprit", "bystander"])
        if fate == "done":
            return outcome
        if fate == "connection":
            failure = Failure("connection", "the answer was lost")
            return Outcome(key=outcome.key, partition=outcome.partition, failure=failure)
        return Lost(outcome.key, "the worker died", culprit=fate == "culprit")


def encoded(rows, kind):
    """Return rows as a file of a format."""
    if kind == "parquet":
        buffer = io.BytesIO()
        pl.DataFrame(rows, SCHEMA, orient="row").write_parquet(buffer, row_group_size=4)
        return buffer.getvalue()
    if kind == "jsonl":
        lines = [json.dumps(dict(zip(SCHEMA, row, strict=True))) for row in rows]
        return "".join(f"{line}\n" for line in lines).encode()
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([tuple(SCHEMA), *rows])
    return text.getvalue().encode()


@st.composite
def layouts(draw):
    """Draw rows, and files that hold them: pairs of ending and content, in one format."""
    rows = draw(ROWS)
    kind = draw(st.sampled_from(["csv", "jsonl", "parquet"]))
    cuts = sorted(draw(st.lists(st.integers(0, len(rows)), max_size=5)))
    files = []
    for start, end in zip([0, *cuts], [*cuts, len(rows)], strict=True):
        data = encoded(rows[start:end], kind)
        packed = kind != "parquet" and draw(st.booleans())
        files.append((f"{kind}.gz", gzip.compress(data, mtime=0)) if packed else (kind, data))
    return rows, kind, files


@examples(20)
@given(
    layouts(),
    st.integers(1, 400) | st.just(64 * 1024 * 1024),
    st.integers(1, 6),
    st.randoms(use_true_random=False),
)
def test_any_cut_layout_and_order_gives_the_same_rows(layout, partition_bytes, capacity, chance):
    rows, kind, files = layout
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "in").mkdir()
        for number, (ending, data) in enumerate(files):
            (place / "in" / f"{number}.{ending}").write_bytes(data)
        columns = {"id": "int64", "name": "string", "n": "int8"}
        typed = {} if kind == "parquet" else {"columns": columns}
        contract = {"columns": {"n": "int8"}, "on_error": "quarantine"}
        job = make_job(
            place,
            source={"type": kind, "path": str(place / "in"), **typed},
            transforms=ROW_STEPS,
            contract=contract,
            execution={"partition_bytes": partition_bytes, "retry": AT_ONCE},
        )
        receipt = work(job, workers=Shuffled(chance, capacity))
        out = read_rows(place / "out", "parquet")[1:]
        assert out == expected(rows)
        rejected = read_rows(place / "out_quarantine", "parquet")[1:]
        assert_balanced(receipt, read=len(rows), out=len(out), rejected=len(rejected))
        assert debris(place) == []


@pytest.mark.parametrize(
    "step",
    [
        {"type": "deduplicate", "within": "partition", "columns": ["name"]},
        {
            "type": "sql",
            "query": "SELECT name, count(*) AS n, sum(id) AS ids FROM input GROUP BY 1",
        },
    ],
    ids=["deduplicate", "sql"],
)
@examples(8)
@given(
    ROWS,
    st.lists(st.tuples(st.sampled_from(["stop", "crash"]), st.integers(1, 12)), max_size=3),
    st.integers(1, 6),
    st.randoms(use_true_random=False),
)
def test_any_schedule_of_one_plan_gives_the_same_rows(step, rows, ends, capacity, chance):
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "in").mkdir()
        for number in range(3):
            (place / "in" / f"{number}.csv").write_bytes(encoded(rows[number::3], "csv"))
        calm, rough = place / "calm", place / "rough"
        jobs = {way: disturbed_job(place, way, step) for way in (calm, rough)}
        work(jobs[calm])
        for how, when in ends:
            if cut_short(jobs[rough], rough, how, when, Fickle(chance, capacity)):
                break
        else:
            receipt = work(jobs[rough], workers=Fickle(chance, capacity))
            out = read_rows(rough / "out", "parquet")[1:]
            rejected = read_rows(rough / "out_quarantine", "parquet")[1:]
            assert_balanced(receipt, read=len(rows), out=len(out), rejected=len(rejected))
        assert partitions(rough) == partitions(calm)
        assert read_rows(rough / "out", "parquet") == read_rows(calm / "out", "parquet")
        assert debris(place) == []


def disturbed_job(place, way, step):
    way.mkdir()
    return make_job(
        way,
        source={"type": "csv", "path": str(place / "in"), "columns": {"id": "int64", "n": "int16"}},
        transforms=[step],
        contract={"columns": {"n": "int8"}, "on_error": "quarantine"},
        execution={"partition_bytes": 40, "retry": AT_ONCE},
    )


def cut_short(job, place, how, when, workers):
    """Stop after so many settled partitions, or crash at the n-th write; say if it ended first."""
    stop, settled = threading.Event(), Counter()

    def see(event, _history):
        settled[event.name] += 1
        if how == "stop" and settled["settled"] >= when:
            stop.set()

    store = LocalStore(place / "state")
    try:
        work(
            job,
            store=CrashingStore(store, when + 8) if how == "crash" else store,
            workers=workers,
            listeners=(see,),
            stop=stop,
        )
    except (Interrupted, Crash):
        return phase(place) == "done"  # the last write of all only gives the lease back
    return True


def partitions(place):
    """Return the ids of the partitions of the last run."""
    store = LocalStore(place / "state")
    return [partition.id for partition in Plan(store, Runs(store).of_job("orders")[-1])]


def assert_balanced(receipt, *, read, out, rejected):
    books = receipt["books"]
    if not books:
        assert read == out == rejected == 0
        return
    assert books[0]["rows"] == read
    assert books[-1]["out"] == out == receipt["outputs"]["main"]["rows"]
    assert sum(book["dropped"].get("quarantined", 0) for book in books) == rejected
    for book, after in zip(books, [*books[1:], None], strict=True):
        assert book["out"] == book["rows"] + book["added"] - sum(book["dropped"].values())
        assert after is None or after["rows"] == book["out"]
