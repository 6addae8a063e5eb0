"""The code of docs/guides/orchestrators.md runs, and retries what is to be retried.

The orchestrators themselves are not installed here: each brings 25 to 100 packages. Stand-ins give
the page the few names that it takes from them, and call its functions as they would; all of ingest
is real. `python -m tests.first_hour.orchestrators airflow|dagster|prefect` runs the same blocks
with the real ones where they are installed: done with Airflow 3.3.2, Dagster 1.13.29 and Prefect
3.8.8, each beside our constraints, see there for what it asserts.
"""

import asyncio
import re
import shlex
import sys
from types import SimpleNamespace

import polars as pl
import pytest

import ingest
from ingest import __main__ as console
from tests.first_hour.orchestrators import block, conf, describe, python

HOPELESS = ["contract.max_error_ratio=0.1", "source.pth=x"]


class GivenUp(Exception):  # noqa: N818 - what an orchestrator calls a failure that is not retried
    """Stands for AirflowFailException and for dagster.Failure."""

    def __init__(self, description="", allow_retries=False):
        super().__init__(description)
        assert not allow_retries


def bare(function=None, **_options):
    """Stand for a decorator, with or without options, that leaves the function as it is."""
    return function or (lambda inner: inner)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    describe(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def load(request, place, monkeypatch):
    """Return the function of a block that loads the orders."""
    called = []
    names = {
        "airflow": {
            "airflow.sdk": SimpleNamespace(dag=lambda **_: lambda f: f, task=seen(called)),
            "airflow.sdk.exceptions": SimpleNamespace(AirflowFailException=GivenUp),
        },
        "dagster": {
            "dagster": SimpleNamespace(
                asset=bare,
                RetryPolicy=SimpleNamespace,
                Failure=GivenUp,
                MaterializeResult=SimpleNamespace,
                MetadataValue=SimpleNamespace(path=str),
            )
        },
        "prefect": {"prefect": SimpleNamespace(flow=bare, task=bare)},
    }
    for name, module in names[request.param].items():
        monkeypatch.setitem(sys.modules, name, module)
    page = python(request.param.capitalize(), place)
    if request.param == "airflow":
        return called[0], page
    return page["orders" if request.param == "dagster" else "load"], page


def seen(called):
    """Stand for Airflow's `task`: what is called inside of a DAG is called later."""

    def task(**options):
        assert options["retries"] > 0

        def decorated(function):
            called.append(function)
            return lambda: None

        return decorated

    return task


@pytest.mark.parametrize("load", ["airflow", "dagster", "prefect"], indirect=True)
def test_a_task_publishes_and_a_retry_resumes(load, place):
    task, page = load
    (place / "stumble").touch()
    with pytest.raises(ingest.FatalError) as error:
        task()
    if "is_worth_a_retry" in page:
        assert page["is_worth_a_retry"](None, None, ended_by(error.value))
    task()
    assert pl.read_parquet(place / "out/*.parquet").height == 3
    assert ingest.plan("orders", conf=place / "conf").unfinished is None
    (receipt,) = (place / ".ingest/runs").glob("*/receipt.json")
    assert '"attempts": 2' in receipt.read_text()


@pytest.mark.parametrize("wrong", ["contract", "key"])
@pytest.mark.parametrize("load", ["airflow", "dagster", "prefect"], indirect=True)
def test_what_is_hopeless_is_not_retried(load, place, wrong):
    task, page = load
    conf(place, ratio=0.1) if wrong == "contract" else conf(place, key="pth")
    with pytest.raises((GivenUp, ingest.IngestError)) as error:
        task()
    if "is_worth_a_retry" in page:
        assert not page["is_worth_a_retry"](None, None, ended_by(error.value))
    else:
        assert isinstance(error.value, GivenUp)
    assert not (place / "out").exists()


def ended_by(error):
    """Stand for the state that Prefect gives to a task that failed."""
    return SimpleNamespace(result=lambda **_: error)


def test_the_first_lines_run(place, capsys):
    python("Run jobs from", place)
    assert capsys.readouterr().out.startswith("3 1 ")
    assert (place / "data/orders").is_dir()


def test_the_notebook_runs_also_in_a_loop(place, capfd):
    page = python("Notebooks", place)
    assert page["rows"].height == 3
    assert "published output: " in capfd.readouterr().err
    background = python("Notebooks", place, number=1)["in_the_background"]
    assert asyncio.run(background()).rows.written == 3


def test_the_line_for_cron_runs(place, capsys):
    (line,) = block("cron", "", place).splitlines()
    command = re.sub(r">> .*", "", line.partition("&& ")[2])
    program, *words = shlex.split(command)
    assert program == "ingest"
    assert console.main(words) == 0
    assert "orders: published" in capsys.readouterr().out
