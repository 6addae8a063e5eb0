"""F9: `init` writes what it has loaded and run, and leaves nothing where it could not."""

import stat
from pathlib import Path

import polars as pl
import pytest

from ingest.commands.init import main
from ingest.core.errors import ConfigError
from tests.faults.desk import Desk

LONG = "x" * 1500


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path)


def test_decimals_of_many_sizes(desk: Desk) -> None:
    rates = [*(f"{9000 - n}.125" for n in range(150)), "2.250"]
    desk.write("in/a.csv", "rate\n" + "".join(f"{rate}\n" for rate in rates))
    rows = desk.publish("in/a.csv")
    assert [str(row["rate"]) for row in rows] == rates
    assert desk.types == {"rate": "decimal(18,3)"}


def test_narrow_decimals_of_parquet_and_their_checks(desk: Desk) -> None:
    (desk.place / "in").mkdir()
    frame = pl.DataFrame({"rate": [n * 7919 % 9000 + 0.125 for n in range(150)]})
    frame.cast(pl.Decimal(7, 3)).write_parquet(desk.place / "in" / "a.parquet")
    assert len(desk.publish("in/a.parquet")) == 150
    taken_over = desk.text.replace("  # checks:", "  checks:").replace("  #     - {", "      - {")
    assert "type: range" in taken_over
    (desk.place / "conf" / "job" / "j.yaml").write_text(taken_over)
    assert desk.run("--fresh").code == 0
    assert len(desk.rows()) == 150


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_name_longer_than_yaml_takes_for_a_key(desk: Desk, kind: str) -> None:
    (desk.place / "in").mkdir()
    frame = pl.DataFrame({"id": [1, 2], LONG: [3, 4]})
    path = desk.place / "in" / f"a.{kind}"
    {"csv": frame.write_csv, "jsonl": frame.write_ndjson, "parquet": frame.write_parquet}[kind](
        path
    )
    rows = desk.publish(f"in/a.{kind}")
    assert [list(row.values()) for row in rows] == [[1, 3], [2, 4]]
    assert LONG.startswith(list(rows[0])[1])


@pytest.mark.slow
def test_more_than_a_thousand_columns(desk: Desk) -> None:
    names = [f"c{number}" for number in range(1200)]
    desk.write("in/a.csv", "\n".join([",".join(names), ",".join("1" * 1200), ",".join("2" * 1200)]))
    rows = desk.publish("in/a.csv")
    assert len(rows[0]) == 1200
    assert [row["c1199"] for row in rows] == [1, 2]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_names_that_yaml_reads_in_its_own_way(desk: Desk, kind: str) -> None:
    names = ["no", "1e5", "12:30:00", "a: b", "- x", "${x}", "\\${x}", "a #b", "{", "&a", "!!int"]
    names += ["a\tb" if kind != "csv" else "t", "é", '"', "'", "%x", "@x", "`x`", "null", "<<", "="]
    frame = pl.DataFrame({name: [1, 2] for name in names})
    (desk.place / "in").mkdir()
    path = desk.place / "in" / f"a.{kind}"
    {"csv": frame.write_csv, "jsonl": frame.write_ndjson, "parquet": frame.write_parquet}[kind](
        path
    )
    assert list(desk.publish(f"in/a.{kind}")[0]) == names


def test_what_does_not_run_leaves_nothing(desk: Desk) -> None:
    desk.write("in/k=1/a.csv", "id\n1\n")
    desk.write("in/a.csv", "id\n1\n")
    desk.write("conf/config.yaml", "defaults: [_self_]\nexecution: {partition_bytes: wrong}\n")
    said = desk.init("in/a.csv")
    assert said.code == 2
    assert "no job was written, because it would not run: " in said.err
    assert len(said.err.splitlines()) == 1
    assert not (desk.place / "jobs").exists()
    assert not (desk.place / "conf" / "job").exists()


def test_an_existing_job_stays_whole_where_the_new_one_cannot_be_written(desk: Desk) -> None:
    desk.write("in/a.csv", "id\n1\n")
    assert desk.init("in/a.csv").code == 0
    before = desk.text
    sample = desk.place / "jobs" / "j" / "sample" / "a.csv"
    desk.write("in/a.csv", '{"id": 1}\n')
    desk.write("in/a.csv", b"PK\x03\x04" + b"\0" * 99)
    assert desk.init("in/a.csv", "--force").code == 2
    assert desk.text == before
    assert sample.read_text() == "id\n1\n"


def test_a_folder_that_cannot_be_written_is_said(desk: Desk) -> None:
    desk.write("in/a.csv", "id\n1\n")
    desk.write("jobs", "a file where a folder should be")
    with pytest.raises(ConfigError, match=r"cannot be written: .* Nothing was written"):
        main(["in/a.csv", "--name", "j"])
    assert not list((desk.place / "conf" / "job").iterdir())


def test_the_settings_of_the_folder_hold_in_the_trial_too(desk: Desk) -> None:
    desk.write("in/a.csv", "id\n1\n")
    desk.write("conf/config.yaml", "defaults: [_self_]\nstate: elsewhere\n")
    assert desk.publish("in/a.csv") == [{"id": 1}]
    assert (desk.place / "elsewhere").is_dir()
    assert stat.S_ISDIR((desk.place / "elsewhere").stat().st_mode)
