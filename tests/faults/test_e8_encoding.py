"""E8: names of folders are UTF-8 on every disk, whatever the locale; else nothing runs."""

import os
import shutil
import subprocess
import sys

import polars as pl
import pytest

from tests.bad_input.bench import ROOT
from tests.faults.state import State

LATIN = "de_DE.ISO-8859-1"


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    state = State(tmp_path)
    (tmp_path / "in/orders").mkdir(parents=True)
    (tmp_path / "in/orders/a.csv").write_bytes("id,name\n1,ä w\n2,日本\n".encode())
    state.describe(sink={"partition_by": ["name"]})
    return state


def ingest(state, command, **environment):
    words = [sys.executable, "-m", "ingest", command, *state.arguments("orders")]
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "PYTHON"))}
    return subprocess.run(
        words,
        env={**clean, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        check=False,
        timeout=60,
    )


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def refused(state, result, encoding):
    said = result.stderr.decode("latin-1")
    assert result.returncode == 2, said
    assert f"would be written in {encoding}" in said
    assert "Set PYTHONUTF8=1" in said
    assert "Traceback" not in said
    assert not (state.place / "out").exists()


@pytest.mark.parametrize("command", ["plan", "run"])
def test_an_ascii_locale_is_refused(state, command):
    refused(state, ingest(state, command, **ASCII), "ascii")


def test_a_latin_1_locale_is_refused(state, tmp_path):
    if shutil.which("localedef") is None:
        pytest.skip("no localedef")
    words = ["localedef", "-i", "de_DE", "-f", "ISO-8859-1", str(tmp_path / LATIN)]
    if subprocess.run(words, capture_output=True, check=False).returncode > 1:
        pytest.skip("no such locale can be made")
    result = ingest(state, "run", LC_ALL=LATIN, LOCPATH=str(tmp_path))
    refused(state, result, "iso8859-1")


@pytest.mark.parametrize("environment", [{"LC_ALL": "C"}, {**ASCII, "PYTHONUTF8": "1"}, {}])
def test_what_is_told_to_do_works_and_readers_find_the_values(state, environment):
    result = ingest(state, "run", **environment)
    assert result.returncode == 0, result.stderr
    names = sorted(entry.name for entry in os.scandir(os.fsencode(state.place / "out")))
    assert names == ["name=ä w".encode(), "name=日本".encode()]
    rows = pl.read_parquet(state.place / "out/**/*.parquet", hive_partitioning=True)
    assert sorted(rows["name"]) == ["ä w", "日本"]
