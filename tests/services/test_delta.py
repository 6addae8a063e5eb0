"""Delta tables on a real S3 server: the laws, races for one commit, and faults, all exact."""

import json
import multiprocessing
import re
import secrets
from typing import get_args

import polars as pl
import pytest
from deltalake import DeltaTable
from polars.testing import assert_frame_equal
from pydantic import ValidationError

from ingest.core.errors import ConfigError
from ingest.sinks import leftovers
from ingest.sinks.base import Disposition
from ingest.sinks.delta import Delta
from ingest.testing.sinks import LAWS, ROWS, Subject, delivery
from tests.services import ceph
from tests.services.bucket import BUCKET, Bucket
from tests.services.desk import WANTED, Desk


def table_options(url: str) -> dict[str, str]:
    """Return what has a reader of the tests find the table, whatever is in the environment."""
    return {
        "aws_endpoint_url": url, "aws_access_key_id": ceph.KEY, "aws_region": ceph.REGION,
        "aws_secret_access_key": ceph.SECRET, "aws_allow_http": "true",
    }  # fmt: skip


def sink_at(uri: str, disposition: str = "append", **options) -> Delta:
    key = ("id",) if disposition == "merge" else ()
    page = {"type": "delta", "path": f"{uri}/t", "write_disposition": disposition}
    return Delta.model_validate({**page, "primary_key": key, **options})


def rows_of(bucket) -> pl.DataFrame:
    if not bucket.keys("t/_delta_log"):
        return ROWS.clear()
    return pl.read_delta(f"{bucket.uri}/t", storage_options=table_options(bucket.url))


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_law(bucket, law):
    law(
        Subject(
            lambda disposition: sink_at(bucket.uri, disposition, partition_by=("part",)),
            lambda: rows_of(bucket).select(ROWS.columns),
            frozenset(get_args(Disposition)),
        )
    )


MORE = pl.DataFrame(
    {"id": [3, 4, 5], "part": ["a", None, "b"], "text": "new", "number": 0.5}, schema=ROWS.schema
)


def run_id(number: int) -> str:
    return f"20260101t{number:06}-aaaaaa"


def prepared(sink: Delta, number: int, rows: pl.DataFrame) -> list:
    halves = rows.head(2), rows.tail(-2)
    staged = [
        (place, each)
        for place, half in enumerate(halves)
        for each in sink.stage(half, run_id(number), f"1-{place}-1")
    ]
    return list(sink.prepare(staged, delivery(run_id(number))))


def race(tasks, answers, barrier):
    """Publish what is told, at the same moment as the other process; until nothing is told."""
    while task := tasks.get():
        page, lines = task
        sink = Delta.model_validate(page)
        barrier.wait()
        try:
            answers.put(sink.publish(lines).rows)
        except BaseException as error:
            answers.put(repr(error))
            raise


@pytest.fixture
def racers(bucket):
    """Return what has two processes publish at one moment."""
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(2), context.Queue()
    queues = [context.Queue(), context.Queue()]
    processes = [context.Process(target=race, args=(q, answers, barrier)) for q in queues]
    for process in processes:
        process.start()

    def publish(*tasks):
        for queue, (sink, lines) in zip(queues, tasks, strict=True):
            queue.put((sink.model_dump(mode="json"), lines))
        came = [answers.get(timeout=60) for _ in tasks]
        assert sorted(came, key=str) == sorted((lines[-1]["rows"] for _, lines in tasks), key=str)

    yield publish
    for queue, process in zip(queues, processes, strict=True):
        queue.put(None)
        process.join(30)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("rounds", [1, pytest.param(50, marks=pytest.mark.slow)])
def test_two_drivers_that_race_for_one_commit_make_one(bucket, racers, rounds):
    for number in range(rounds):
        place = f"{bucket.uri}/{number}"
        first = sink_at(place)
        first.publish(prepared(first, 0, ROWS))
        for way, disposition in enumerate(("append", "overwrite", "merge"), 1):
            sink = sink_at(place, disposition)
            lines = prepared(sink, way, MORE)
            racers((sink, lines), (sink, lines))
        table = DeltaTable(f"{place}/t", storage_options=table_options(bucket.url))
        assert (table.version(), sorted(table.to_pyarrow_table()["id"].to_pylist())) == (
            3, [3, 4, 5],
        )  # fmt: skip


@pytest.mark.timeout(900)
@pytest.mark.parametrize("rounds", [1, pytest.param(50, marks=pytest.mark.slow)])
def test_two_runs_that_race_for_one_version_both_are_there(bucket, racers, rounds):
    for number in range(rounds):
        place = f"{bucket.uri}/{number}"
        sink, add = sink_at(place, "merge"), sink_at(place)
        racers((add, prepared(add, 0, ROWS)), (sink, prepared(sink, 1, MORE.tail(1))))
        later = MORE.with_columns(pl.col("id") + 1)
        racers((sink, prepared(sink, 2, MORE)), (sink, prepared(sink, 3, later)))
        table = DeltaTable(f"{place}/t", storage_options=table_options(bucket.url))
        assert sorted(table.to_pyarrow_table()["id"].to_pylist()) == [1, 2, 3, 4, 5, 6]
        assert table.version() == 3


def test_a_store_that_throttles_and_loses_answers_makes_it_slower_and_no_different(
    bucket, proxied, monkeypatch
):
    monkeypatch.setattr("ingest.storage.retrying.LONGEST_WAIT_S", 0.5)
    proxied.arm("slowdown", times=None, share=0.3)
    proxied.arm("lost", times=None, share=0.05)
    for number, disposition in enumerate(("append", "merge", "overwrite")):
        sink = sink_at(bucket.uri, disposition)
        lines = prepared(sink, number, MORE if disposition == "merge" else ROWS)
        assert sink.publish(lines).rows == lines[-1]["rows"]
        assert sink.verify(lines).problems == ()
        expected = pl.concat([ROWS.head(2), MORE]) if disposition == "merge" else ROWS
        assert_frame_equal(rows_of(bucket).sort("id"), expected.sort("id"))
    table = DeltaTable(f"{bucket.uri}/t", storage_options=table_options(bucket.url))
    assert table.version() == 2
    assert proxied.faults["slowdown"] > 20
    assert proxied.faults["lost"] > 1


@pytest.mark.parametrize("disposition", ["append", "overwrite", "merge"])
def test_a_commit_whose_answer_is_lost_is_made_once(bucket, proxied, disposition):
    first = sink_at(bucket.uri)
    first.publish(prepared(first, 0, ROWS))
    sink = sink_at(bucket.uri, disposition)
    lines = prepared(sink, 1, MORE)
    proxied.arm("lost", match=r"^PUT .*/_delta_log/0+1\.json")
    assert sink.publish(lines).facts["version"] == 1
    assert proxied.faults == {"lost": 1}
    ids = [3, 4, 5] if disposition == "overwrite" else [1, 2, 3, 4, 5]
    assert sorted(set(rows_of(bucket)["id"])) == ids
    assert len(rows_of(bucket)) == {"append": 7, "overwrite": 3, "merge": 5}[disposition]


def test_a_store_that_ignores_conditional_puts_is_refused(careless_url, monkeypatch):
    for name, value in Bucket(careless_url, "x", None).environment.items():
        monkeypatch.setenv(name, value)
    uri = f"s3://{BUCKET}/{secrets.token_hex(4)}"
    with pytest.raises(ConfigError, match=r"path: .*this store ignores conditional writes.*lost"):
        sink_at(uri).check([])


def test_what_is_wrong_with_the_place_is_said_before_anything_runs(bucket):
    sink = sink_at(bucket.uri)
    sink.check([])
    assert bucket.keys() == [], "the probe is gone"
    bucket.put("t/_ingest-probe/493f7c88ebfb327b", b"")
    sink.check([])
    assert bucket.keys() == [], "that of a killed run, too"
    with pytest.raises(ConfigError, match=r"path: .*the bucket does not exist"):
        sink_at("s3://no-such-bucket").check([])
    with pytest.raises(ValidationError, match=r"not a prefix of a bucket\. Write s3://BUCKET/PATH"):
        Delta(type="delta", path=f"s3://{BUCKET}", write_disposition="append")
    with pytest.raises(ConfigError, match="is inside the source"):
        sink.check([bucket.uri])
    bucket.put("t/strange.parquet", b"")
    with pytest.raises(ConfigError, match=r'not empty: it contains "strange\.parquet"'):
        sink.check([])


def test_what_dead_runs_have_staged_is_found_and_removed(bucket):
    sink = sink_at(bucket.uri)
    sink.publish(prepared(sink, 0, ROWS))
    sink.stage(MORE, run_id(1), "1-0-1")
    keys = bucket.keys(f"t/{run_id(1)}")
    assert [run for run, size in leftovers.staged(sink.uri) if size > 0] == [run_id(1)]
    for run in (run_id(0), run_id(1)):
        leftovers.remove_staged(sink.uri, run)
    assert len(keys) == 1
    assert bucket.keys(f"t/{run_id(1)}") == []
    assert leftovers.published_runs(sink.uri) == {run_id(0)}
    assert leftovers.publishes_in(sink.uri)
    assert len(rows_of(bucket)) == len(ROWS)


def test_a_job_merges_into_a_table_in_a_bucket_through_a_connection(
    bucket, tmp_path, monkeypatch, capsys
):
    for name in bucket.environment:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LAKE_KEY", ceph.KEY)
    monkeypatch.setenv("LAKE_SECRET", ceph.SECRET)
    monkeypatch.chdir(tmp_path)
    desk = Desk(tmp_path, capsys)
    desk.connect(bucket.url)
    job = (tmp_path / "conf/job/orders.yaml").read_text()
    sink = (
        f"sink: {{type: delta, path: '{bucket.uri}/t', connection: lake, "
        "write_disposition: merge, primary_key: [n]}\n"
    )
    desk.write("conf/job/orders.yaml", re.sub("sink: .*\n", sink, job))
    desk.type("run", "orders", "cluster=processes")
    desk.write("in/0.csv", "n\n1\n1000\n")
    desk.type("run", "orders")
    table = DeltaTable(f"{bucket.uri}/t", storage_options=table_options(bucket.url))
    assert sorted(table.to_pyarrow_table()["n"].to_pylist()) == [*WANTED, 1000]
    assert table.version() == 1
    first, second = sorted(run["run_id"] for run in desk.runs())
    receipt = json.loads((tmp_path / f".ingest/runs/{second}/receipt.json").read_text())
    published = receipt["effects"]["main"]
    assert (published["rows"], published["inserted"], published["updated"]) == (152, 1, 151)
    assert "OK" in desk.type("verify", second)
    assert f"{second} replaced its 1 file" in desk.type("verify", first)
    everything = "".join(path.read_text() for path in (tmp_path / ".ingest").rglob("*.json*"))
    assert ceph.SECRET not in everything
