"""The README works as it stands: its commands run, its job runs, its links lead somewhere."""

import doctest
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
LINES = [
    line.partition("  #")[0].split()
    for kind, text in BLOCKS
    if not kind
    for line in text.splitlines()
]
COMMANDS = [words for words in LINES if words[:1] == ["ingest"]]
OUTCOME = next(text for _, text in BLOCKS if "published. Run" in text)
MONTHS, ORDERS = range(1, 4), range(100)
ALL = len(MONTHS) * len(ORDERS)


@pytest.fixture
def here(tmp_path) -> Path:
    """Make a folder with what the README says is there: files of orders in downloads/."""
    (tmp_path / "downloads").mkdir()
    for month in MONTHS:
        lines = ["order_id,sold_at,amount,country"]
        lines += [
            f"{month}{n:03},2026-0{month}-{n % 28 + 1:02} 09:30:00,{n}.50,{('DE', 'FR')[n % 2]}"
            for n in ORDERS
        ]
        if month == 1:
            lines += ["1900,2026-01-31 10:00:00,9.00,Mars", "1901,2026-01-31 10:00:00,-9.00,DE"]
        (tmp_path / "downloads" / f"orders-2026-0{month}.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def call(here: Path, *words: str) -> str:
    """Run a command line in a folder and return what it prints; it must end well."""
    environment = {name: value for name, value in os.environ.items() if name != "INGEST_CONF"}
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=here,
        env=environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"
    return done.stdout


def test_the_commands_run_one_after_the_other(here):
    assert [words[1] for words in COMMANDS] == [
        "init", "preview", "run", "status", "verify", "test", "clean", "run",
    ]  # fmt: skip
    for words in COMMANDS:
        if "RUN" in words:
            (run,) = json.loads(call(here, "ingest", "status", "--json"))
            words = [run["run_id"] if word == "RUN" else word for word in words]  # noqa: PLW2901
        assert call(here, *words)
    for folder in ("data", "elsewhere"):
        assert pl.read_parquet(here / folder / "orders/*.parquet").height == ALL + 2


def test_the_job_runs_and_does_what_is_said_beside_it(here):
    (text,) = (text for kind, text in BLOCKS if kind == "yaml")
    (here / "conf" / "job").mkdir(parents=True)
    (here / "conf" / "job" / "orders.yaml").write_text(text)
    call(here, "ingest", "run", "+job=orders")
    rows = pl.read_parquet(here / "data/orders/day=*/*.parquet", hive_partitioning=True)
    assert rows.height == ALL
    assert rows.schema["amount"] == pl.Decimal(12, 2)
    assert rows["day"].n_unique() == len(MONTHS) * 28
    (bad,) = pl.read_parquet(here / "data/orders_quarantine/*.parquet").to_dicts()
    assert (Path(bad["file"]).name, bad["line"]) == ("orders-2026-01.csv", len(ORDERS) + 2)
    assert (bad["reason"], bad["original"]) == (
        "country: in_set",
        "1900,2026-01-31 10:00:00,9.00,Mars",
    )


@pytest.fixture(scope="module")
def flights(tmp_path_factory) -> tuple[Path, str]:
    """Run the main job over its sample; return where, and what it printed."""
    place = tmp_path_factory.mktemp("flights")
    told = call(
        ROOT, "ingest", "run", "+job=flights", "source.path=jobs/flights/sample",
        f"sink.path={place}/data/flights", f"state={place}/state",
    )  # fmt: skip
    return place, told


def test_the_main_job_ends_as_it_is_shown(flights):
    assert labels(OUTCOME) <= labels(flights[1])


def test_readers_print_what_is_shown(flights, monkeypatch):
    """The first row of the sample is that of the whole."""
    monkeypatch.chdir(flights[0])
    (text,) = (text for kind, text in BLOCKS if kind == "python")
    examples = doctest.DocTestParser().get_doctest(text, {}, "Read the result", "README.md", 0)
    said: list[str] = []
    doctest.DocTestRunner().run(examples, out=said.append)
    assert said == []


def labels(text: str) -> set[str]:
    """Return the words that the lines of a summary begin with, besides those of numbers."""
    lines = (line.strip(" …") for line in text.splitlines())
    return {line.split()[0] for line in lines if line and not line[0].isdigit()}


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_make_command_is_a_target(page):
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = re.findall(r"(?:^|`)make ([a-z]+)", (ROOT / page).read_text(), re.MULTILINE)
    assert named
    assert set(named) <= set(targets)
