"""Types of other packages: one file and one line of an entry point are all that each takes."""

import pickle
import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from ingest import run
from ingest.commands.base import guarded
from ingest.commands.init import main as init
from ingest.core.registry import type_of
from ingest.formats import FORMATS
from ingest.sinks import SINKS
from ingest.sources import SOURCES
from ingest.testing.formats import LAWS as FORMAT_LAWS
from ingest.testing.sinks import LAWS, ROWS, Subject
from ingest.testing.sources import SourceSuite
from tests.faults.job import FaultJob

FORMAT = {"ingest.formats": "bars = toy_format:Bars"}
SINK = {"ingest.sinks": "sqlite = toy_sink:Sqlite"}
PEOPLE = "id|name|born\n1|Ada|1815-12-10\n2|Carl|-\n"


@pytest.fixture
def job(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return FaultJob(tmp_path)


def test_a_format_is_a_source_and_a_sink(job, install):
    install("toy_format", FORMAT)
    job.write("in/a.bars", PEOPLE)
    job.write("in/c.bars", "id|name|born\n3|Eve\n4|Max|1900-01-01\nx|Bob|1900-01-02\n")
    job.define(
        "bars",
        columns={"id": "int64"},
        parts={
            "sink": {"type": "bars", "path": "out", "write_disposition": "append"},
            "contract": {"columns": {"born": "date"}, "on_error": "quarantine"},
        },
    )
    assert job.run().code == 0
    (file,) = (job.place / "out").glob("*.bars")
    assert file.read_text() == f"{PEOPLE}4|Max|1900-01-01\n"
    rejects = pl.read_parquet(job.place / "out_quarantine/*.parquet").sort("line")
    assert rejects.select("line", "reason", "original").rows() == [
        (2, "2 fields, not 3", "3|Eve"),
        (4, "id: not an int64", '{"id": "x"}'),
    ]
    assert job.verify().code == 0


def test_a_format_is_a_lookup_whose_ending_tells_it(job, install):
    install("toy_format", FORMAT)
    job.write("in/a.csv", "id,n\n1,5\n2,6\n")
    job.write("people.bars", PEOPLE)
    step = {"type": "lookup", "reference": {"path": "people.bars"}, "key": "id"}
    job.define("csv", parts={"transforms": [step]})
    assert job.run().code == 0
    assert job.rows == [
        {"id": "1", "n": "5", "name": "Ada", "born": "1815-12-10"},
        {"id": "2", "n": "6", "name": "Carl", "born": None},
    ]


def test_init_writes_a_job_for_a_format(job, install, capsys):
    install("toy_format", FORMAT)
    job.write("in/people.bars", PEOPLE)
    assert guarded(init, ["in", "--name", "people"]) == 0
    text = Path("conf/job/people.yaml").read_text()
    assert "type: bars" in text
    assert "1 bars file, bars, 3 columns" in text
    assert Path("jobs/people/expected/rows.jsonl").read_text().startswith('["id", "name", "born"]')


class TestBars(SourceSuite):
    """The laws of sources, for the source that is made of the format."""

    @pytest.fixture(autouse=True)
    def _installed(self, install):
        install("toy_format", FORMAT)

    def make(self, folder):
        (folder / "b.bars").write_text(PEOPLE)
        (folder / "a.bars").write_text("id|name|born\n3|Eve\n4|Max|1900-01-01\nx|Bob|1900-01-02\n")
        (folder / "c.bars").write_text("id|name|born\n")
        kind = SOURCES.load("bars")
        columns = {"id": "int64"}
        return kind.model_validate({"type": "bars", "path": str(folder), "columns": columns})


@pytest.mark.parametrize("law", FORMAT_LAWS, ids=lambda law: law.__name__)
def test_a_format_passes_the_laws(install, law):
    install("toy_format", FORMAT)
    law(FORMATS.load("bars").model_validate({"type": "bars"}))


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_a_sink_that_commits_passes_the_laws(tmp_path, install, law):
    install("toy_sink", SINK)
    kind = SINKS.load("sqlite")
    path = tmp_path / "laws.db"

    def make(disposition):
        page = {"type": "sqlite", "path": str(path), "table": "t", "partition": "part"}
        return kind.model_validate({**page, "write_disposition": disposition})

    law(Subject(make, lambda: rows_of(path)))


def test_a_sink_that_commits_takes_the_rows_of_a_run(job, install):
    install("toy_sink", SINK)
    job.write("in/a.csv", "id,n\n1,5\nx,6\n")
    job.write("in/b.csv", "id,n\n3,7\n")
    sink = {"type": "sqlite", "path": "shop.db", "table": "orders", "write_disposition": "append"}
    contract = {"columns": {"id": "int64"}, "on_error": "quarantine"}
    job.define("csv", parts={"sink": sink, "contract": contract})
    receipt = run("x", ["cluster=processes", "execution.partition_bytes=1"])
    assert receipt.rows.written == 2
    with closing(sqlite3.connect("shop.db")) as database:
        assert sorted(database.execute("SELECT id, n FROM orders")) == [(1, "5"), (3, "7")]
        assert database.execute("SELECT rows FROM _runs").fetchall() == [(2,)]
    assert pl.read_parquet("x_quarantine/*.parquet").height == 1
    assert not list(Path("shop.db.staged").iterdir())
    assert job.verify().code == 0


def rows_of(path: Path) -> pl.DataFrame:
    with closing(sqlite3.connect(path)) as database:
        there = database.execute("SELECT name FROM sqlite_master WHERE name = 't'").fetchall()
        names = ", ".join(f'"{name}"' for name in ROWS.columns)
        rows = database.execute(f"SELECT {names} FROM t").fetchall() if there else []
    return pl.DataFrame(rows, schema=ROWS.schema, orient="row")


def test_a_sink_that_is_made_of_a_format_can_be_sent_to_a_worker(tmp_path, install):
    install("toy_format", FORMAT)
    page = {"type": "bars", "path": str(tmp_path), "write_disposition": "append"}
    sink = SINKS.load("bars").model_validate({**page, "null_text": "?"})
    assert pickle.loads(pickle.dumps(sink)) == sink


def test_the_types_of_this_package_stay_what_they_are(install):
    install("toy_sink", SINK)
    assert "sqlite" in SINKS.names()
    assert "sqlite" not in {type_of(kind) for kind in SINKS.builtin}


def test_the_package_of_a_type_is_on_record(job, install):
    install("toy_sink", SINK)
    job.write("in/a.csv", "id,n\n1,5\n")
    sink = {"type": "sqlite", "path": "shop.db", "table": "orders", "write_disposition": "append"}
    job.define("csv", parts={"sink": sink})
    assert job.run().code == 0
    assert job.receipt["config"]["versions"]["toy_sink"] == "1.0"
