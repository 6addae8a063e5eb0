"""`import ingest`: what Python and orchestrators call. Nothing printed, nothing left behind."""

import asyncio
import importlib
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import psutil
import pytest

import ingest
from ingest import __main__ as console

JOB = """# @package _global_
# A job for a test.
name: small
owner: me@example.org
description: For a test.
source: {type: csv, path: "in/*.csv"}
transforms:
  - {type: filter, where: "n <> 3"}
contract:
  columns: {n: int64}
  on_error: quarantine
sink: {type: parquet, path: out, write_disposition: overwrite}
cluster: {type: inline}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("conf/job", "in"):
        Path(name).mkdir(parents=True)
    describe("small", JOB)
    Path("in/1.csv").write_text("n,name\n1,a\n2,b\nx,c\n3,d\n")
    return tmp_path


def describe(name, text=JOB):
    Path(f"conf/job/{name}.yaml").write_text(text.replace("name: small", f"name: {name}"))


def rows(place="out"):
    return pl.read_parquet(f"{place}/*.parquet")["n"].to_list()


class TestRun:
    def test_a_run_is_published_and_returns_its_receipt(self, folder, capfd):
        receipt = ingest.run("small")
        assert rows() == [1, 2]
        assert (receipt.job, receipt.attempts, receipt.cluster) == ("small", 1, "inline")
        counts = receipt.rows
        assert (counts.read, counts.written, counts.rejected, counts.added) == (4, 2, 1, 0)
        assert counts.dropped == {"filtered": 1, "quarantined": 1}
        assert receipt.errors == {"n: not an int64": 1}
        assert receipt.outputs["main"].uri == f"{folder}/out"
        assert receipt.outputs["quarantine"].rows == 1
        assert [step.step for step in receipt.steps] == ["source", "0.filter", "contract"]
        assert receipt.schema == {"n": "int64", "name": "string"}
        assert json.loads(Path(receipt.path).read_text()) == receipt.page
        assert capfd.readouterr() == ("", "")

    def test_the_receipt_is_a_value(self):
        receipt = ingest.run("small")
        assert pickle.loads(pickle.dumps(receipt)) == receipt
        assert str(receipt).startswith("small: published. Run ")
        assert len(repr(receipt)) < 1500
        with pytest.raises(AttributeError):
            receipt.job = "other"

    def test_settings_are_those_of_the_command_line_or_a_mapping(self, folder):
        receipt = ingest.run("small", ["sink.path=a", "transforms=[]"], state=folder / "books")
        assert sorted(rows("a")) == [1, 2, 3]
        assert receipt.path.startswith(f"{folder}/books/runs/")
        Path("day=1").mkdir()
        Path("day=1/a,b.csv").write_text("n\n7\n")
        ingest.run("small", {"source.path": "day=1/a,b.csv", "sink.path": Path("b")})
        assert rows("b") == [7]
        ingest.run("small", "sink.path=c")
        assert rows("c") == [1, 2]
        assert ingest.plan("small", None).files == 1

    def test_job_files_may_lie_elsewhere(self, tmp_path):
        Path("conf").rename("elsewhere")
        assert ingest.run("small", conf="elsewhere").rows.written == 2
        assert ingest.plan("small", conf=tmp_path / "elsewhere").files == 1
        assert list(ingest.validate(conf="elsewhere")) == ["small"]
        with pytest.raises(ingest.ConfigError, match=r"\Aconf: nowhere: there is no such folder"):
            ingest.run("small", conf="nowhere")

    def test_processes_leave_nothing_behind(self, capfd):
        environment, threads = dict(os.environ), set(threading.enumerate())
        children = psutil.Process().children(recursive=True)  # of tests before this one
        handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        for cluster in ("processes", "auto"):
            assert ingest.run("small", [f"cluster={cluster}"]).cluster == "processes"
        assert dict(os.environ) == environment
        assert set(threading.enumerate()) == threads
        assert set(psutil.Process().children(recursive=True)) <= set(children)
        assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == handlers
        assert rows() == [1, 2]
        assert capfd.readouterr() == ("", "")

    def test_jobs_run_side_by_side_in_threads(self):
        names = ["a", "b", "c", "d"]
        for name in names:
            describe(name)
        with ThreadPoolExecutor(4) as pool:
            receipts = list(pool.map(lambda job: ingest.run(job, [f"sink.path={job}"]), names))
        assert [receipt.job for receipt in receipts] == names
        assert [rows(name) for name in names] == [[1, 2]] * 4

    def test_an_asyncio_loop_may_be_running_as_in_a_notebook(self):
        async def cell():
            first = ingest.run("small")
            second = await asyncio.to_thread(ingest.run, "small")
            return first.run_id < second.run_id

        assert asyncio.run(cell())

    def test_events_are_told_to_who_asks(self, capfd):
        events = []
        ingest.run("small", progress=events.append)
        named = [event.name for event in events]
        assert (named[0], named[-1]) == ("attempt", "done")
        assert events[-1].to_json() == {"event": "done", "at": events[-1].at}
        assert capfd.readouterr() == ("", "")
        ingest.run("small", progress=True)
        out, err = capfd.readouterr()
        assert (out, "published output: " in err) == ("", True)


class TestFailures:
    def test_a_wrong_request_has_all_its_mistakes(self, folder, capfd):
        with pytest.raises(ingest.ConfigError) as error:
            ingest.run("small", ["sink.pth=x", "cluster=inlin"])
        assert 'Did you mean "inline"?' in str(error.value)
        with pytest.raises(ingest.ConfigError, match=r'no job "smal"\. Did you mean "small"'):
            ingest.run("smal")
        with pytest.raises(ingest.ConfigError, match="in/no"):
            ingest.run("small", {"source.path": "in/no*.csv"})
        assert not (folder / "out").exists()
        assert capfd.readouterr() == ("", "")

    def test_a_broken_contract_is_told_by_its_class(self):
        with pytest.raises(ingest.ContractError):
            ingest.run("small", ["contract.max_error_ratio=0.1"])
        with pytest.raises(ingest.BadRowError):
            ingest.run("small", ["contract.on_error=fail"], state="other")
        assert not Path("out").exists()

    def test_the_same_call_resumes_a_run_that_failed(self):
        for number in range(2, 5):
            Path(f"in/{number}.csv").write_text("n,name\n9,z\n")
        one_by_one = ["execution.partition_bytes=1"]

        def fail(event):
            if event.name == "settled":
                raise OSError("the one who watches has died")

        with pytest.raises(OSError, match="has died"):
            ingest.run("small", one_by_one, progress=fail)
        assert not Path("out").exists()
        receipt = ingest.run("small", one_by_one)
        assert receipt.attempts == 2
        assert sorted(rows()) == [1, 2, 9, 9, 9]

    def test_a_run_is_stopped_from_another_thread_and_resumed_by_the_command(self, capsys):
        stop = threading.Event()

        def see(event):
            if event.name == "planned":
                stop.set()

        with pytest.raises(ingest.Interrupted):
            ingest.run("small", progress=see, stop=stop)
        assert ingest.plan("small").unfinished.would == "resume"
        assert console.main(["run", "small", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["attempts"] == 2

    def test_ctrl_c_is_what_it_is_everywhere_in_python(self):
        def press(event):
            if event.name == "planned":
                os.kill(os.getpid(), signal.SIGINT)

        with pytest.raises(KeyboardInterrupt):
            ingest.run("small", progress=press)
        assert ingest.run("small").attempts == 2

    def test_fresh_starts_over(self):
        stop = threading.Event()
        with pytest.raises(ingest.Interrupted):
            ingest.run("small", progress=lambda _: stop.set(), stop=stop)
        assert ingest.run("small", fresh=True).attempts == 1

    def test_two_runs_of_a_job_do_not_go_on_at_once(self):
        refused = []

        def meanwhile(event):
            if event.name == "planned":
                with pytest.raises(ingest.FatalError, match="in use by") as error:
                    ingest.run("small")
                refused.append(error)

        ingest.run("small", progress=meanwhile)
        assert refused


class TestPlanAndValidate:
    def test_a_plan_says_what_the_command_says(self, folder, capsys):
        plan = ingest.plan("small", ["cluster=processes"])
        assert console.main(["plan", "small", "cluster=processes", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == plan.page
        assert (plan.job, plan.files, plan.partitions, plan.cluster) == ("small", 1, 1, "processes")
        assert plan.output_schema == {"n": "int64", "name": "string"}
        assert plan.unfinished is None
        assert sorted(path.name for path in folder.iterdir()) == ["conf", "in"]

    def test_jobs_are_returned_or_what_is_wrong_with_all_of_them(self):
        assert ingest.validate("small")["small"].source.path == "in/*.csv"
        describe("one", JOB.replace("path: out", "pth: out"))
        describe("two", JOB.replace("filter", "fliter"))
        with pytest.raises(ingest.ConfigError) as error:
            ingest.validate()
        assert [line.partition(":")[0] for line in error.value.lines] == [
            "conf/job/one.yaml", "conf/job/two.yaml",
        ]  # fmt: skip

    def test_a_function_that_is_not_there_is_refused(self):
        step = '{type: filter, where: "n <> 3"}'
        describe("one", JOB.replace(step, "{type: python, function: functions:nap}"))
        with pytest.raises(ingest.ConfigError) as error:
            ingest.validate("one")
        assert str(error.value) == (
            'conf/job/one.yaml:8: transforms[0]: python: function: "functions:nap": there is no '
            "file jobs/one/functions.py. Create it, or fix the name."
        )

    def test_a_job_that_is_not_there_is_named(self):
        with pytest.raises(ingest.ConfigError, match='there is no job "three"'):
            ingest.validate(["small", "three"])


class TestThePackage:
    def test_importing_it_costs_nothing(self):
        heavy = "{'polars', 'hydra', 'ray', 'pydantic', 'pyarrow', 'yaml', 'numpy', 'logging'}"
        code = f"import sys, ingest; print({heavy} & set(sys.modules), 'run' in dir(ingest))"
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": str(Path(ingest.__file__).parents[1])},
        )
        assert done.stdout == "set() True\n"

    def test_everything_it_names_is_there_and_nothing_else(self):
        assert all(getattr(ingest, name) for name in ingest.__all__)
        with pytest.raises(AttributeError, match="no attribute 'rnu'"):
            ingest.rnu  # noqa: B018

    def test_no_import_puts_the_launcher_in_the_place_of_the_function(self):
        for name in ("ingest.commands.run", "ingest.__main__", "ingest.run"):
            importlib.import_module(name)
        assert ingest.run.__module__ == "ingest.library.running"
        assert sys.modules["ingest.run"] is ingest.run

    def test_the_launcher_runs_without_a_warning(self):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "ingest.run", "small", "sink.path=a,b"],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(Path(ingest.__file__).parents[1])},
        )
        assert (done.returncode, "Warning" in done.stderr) == (0, False), done.stderr
        assert (rows("a"), rows("b")) == ([1, 2], [1, 2])
