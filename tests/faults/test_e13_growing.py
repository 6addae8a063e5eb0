"""E13: a file that changes while it is planned: what happened is said, and no plan is spoken of."""

import threading

import polars as pl
import pytest

from ingest.core.errors import ConfigError
from ingest.sources.csv import Csv
from ingest.sources.jsonl import Jsonl
from ingest.sources.parquet import Parquet

SOURCES = {
    "csv": (Csv, b"id\n1\n"),
    "jsonl": (Jsonl, b'{"id":1}\n'),
    "parquet": (Parquet, None),
}


@pytest.fixture(params=SOURCES)
def listed(request, job):
    """A source whose only file has just been listed."""
    cls, content = SOURCES[request.param]
    path = job.write(f"in/a.{request.param}", content or pl.DataFrame({"id": [1]}))
    source = cls(type=request.param, path="in")
    return source, list(source.slices(1 << 20)), path


def test_it_grows(listed):
    source, slices, path = listed
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(ConfigError) as caught:
        source.layout(slices, {})
    said = str(caught.value)
    assert f"in/{path.name}: the file changed during planning: it was " in said
    assert "Run again when it is" in said
    assert "--fresh" not in said
    assert "since" not in said


def test_it_vanishes(listed):
    source, slices, path = listed
    path.unlink()
    with pytest.raises(ConfigError, match="the file was deleted during planning") as caught:
        source.layout(slices, {})
    assert "--fresh" not in str(caught.value)


def test_it_grows_while_memory_is_planned(job):
    path = job.write("in/a.parquet", pl.DataFrame({"id": [1]}))
    source = Parquet(type="parquet", path="in")
    slices = list(source.slices(1 << 20))
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(ConfigError, match="changed during planning"):
        source.expansion(slices)


def test_plan_and_run_say_so(job):
    """A writer that never stops: whenever it is met, the exit code is 2 and a reason is given."""
    path = job.write("in/a.csv", "id\n1\n")
    job.define()
    stop = threading.Event()

    def grow():
        while not stop.is_set():
            with path.open("a") as file:
                file.write("2\n")

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        results = [job.plan() for _ in range(5)]
    finally:
        stop.set()
        writer.join()
    for result in results:
        assert result.code == 0 or "changed during planning" in result.err
        assert "--fresh" not in result.err
        assert "Traceback" not in result.err
