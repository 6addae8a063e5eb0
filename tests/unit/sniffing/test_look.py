"""Messy inputs: what is found in them, and that the job written for them reads them whole."""

import sys
import time
from pathlib import Path

import polars as pl
import pytest

from ingest.config.load import load
from ingest.core.errors import ConfigError
from ingest.driver.drive import drive
from ingest.driver.request import Request
from ingest.job import Job
from ingest.sniffing.document import job_text
from ingest.sniffing.look import look_at
from ingest.workers.in_process import InProcessWorkers

sys.path.insert(0, str(Path(__file__).parent))
from messy import MESSY, Messy


@pytest.mark.parametrize("messy", MESSY, ids=lambda messy: messy.name)
def test_what_is_found(messy: Messy, tmp_path: Path) -> None:
    messy.write(tmp_path / messy.name)
    table = look_at(str(tmp_path / messy.name))
    assert {column.name: column.type for column in table.columns} == messy.types
    assert {name: option.value for name, option in table.options.items()} == messy.options


@pytest.mark.parametrize("messy", MESSY, ids=lambda messy: messy.name)
def test_the_job_reads_all_of_it(messy: Messy, tmp_path: Path) -> None:
    messy.write(tmp_path / messy.name)
    assert worked(tmp_path, messy.name) == (messy.rows, messy.bad)


def test_what_the_sample_does_not_show_is_quarantined(tmp_path: Path) -> None:
    rows = [f"{number},{number % 9}\n" for number in range(300_000)]
    rows[200_000] = "200000,many\n"
    (tmp_path / "big.csv").write_text("id,count\n" + "".join(rows))
    assert worked(tmp_path, "big.csv") == (299_999, 1)


def test_no_value_becomes_null_unseen(tmp_path: Path) -> None:
    """`NA` is a country, and `NULL` a surname: one is kept, the other is said to be null."""
    scores, countries = ["NA", *"12345678"] * 11, ["NA", "DE", "FR"] * 33
    rows = [f"{n},{scores[n]},{countries[n]},x\n" for n in range(99)]
    rows[7] = "7,7,DE,NULL\n"
    (tmp_path / "c.csv").write_text("id,score,country,name\n" + "".join(rows))
    table = look_at(str(tmp_path / "c.csv"))
    assert {column.name: column.nulls for column in table.columns} == {
        "id": 0, "score": 11, "country": 0, "name": 1
    }  # fmt: skip
    assert table.columns[2].note.startswith('"NA" (33 of 99 rows) kept as text here')
    assert '"NULL" is read as null among the texts of "name" (1 of 99 rows)' in table.unsure[0]
    assert worked(tmp_path, "c.csv") == (99, 0)
    published = pl.read_parquet(tmp_path / "out")
    assert published["country"].to_list().count("NA") == 33


def test_whole_numbers_beyond_the_type_are_said(tmp_path: Path) -> None:
    lines = [f'{{"id": {n if n % 33 else 2**63 + n}}}\n' for n in range(1, 100)]
    (tmp_path / "a.jsonl").write_text("".join(lines))
    (column,) = look_at(str(tmp_path / "a.jsonl")).columns
    assert (column.type, column.most) == ("int64", 98)
    assert column.note.startswith("3 of 99 values in the sample do not fit int64")


def test_samples_of_jobs_are_no_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs/a/sample").mkdir(parents=True)
    for name in ("a.csv", "jobs/a/sample/a.csv"):
        (tmp_path / name).write_text("id\n1\n")
    with pytest.raises(ConfigError, match="contains the samples of jobs"):
        look_at(".")
    assert len(look_at("./*.csv").listing.files) == 1
    assert len(look_at("jobs/a/sample").listing.files) == 1


def worked(folder: Path, name: str) -> tuple[int, int]:
    """Write a job for an input and run it; return how many rows are good and how many are not."""
    job = folder / "conf" / "job" / "messy.yaml"
    job.parent.mkdir(parents=True)
    job.write_text(job_text(look_at(str(folder / name)), "messy", "me@example.org"))
    places = [f"sink.path={folder}/out", f"state={folder}/state"]
    loaded = load(Job, folder / "conf", ["+job=messy", "cluster=inline", *places])
    drive(Request(loaded.job, loaded.yaml(), loaded.place, InProcessWorkers()))
    return rows_in(folder / "out"), rows_in(folder / "out_quarantine")


def rows_in(folder: Path) -> int:
    return sum(pl.read_parquet(file).height for file in folder.glob("*.parquet"))


def test_a_mixture_of_schemas_is_refused_with_a_list_of_them(tmp_path: Path) -> None:
    for name, head in (("a", "id,x"), ("b", "id,x"), ("c", "id,y")):
        (tmp_path / f"{name}.csv").write_text(f"{head}\n1,2\n")
    with pytest.raises(ConfigError) as caught:
        look_at(str(tmp_path))
    first, *columns = caught.value.lines
    assert first.startswith(f'"{tmp_path}": the files have different columns, ')
    assert columns == [
        f'  column "x": not in {tmp_path}/c.csv (of 3 files)',
        f'  column "y": only in {tmp_path}/c.csv (of 3 files)',
    ]


def test_a_mixture_of_encodings_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,x\n1,ü\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("id,x\n1,ü\n", encoding="latin-1")
    with pytest.raises(
        ConfigError, match=r"encoding: the files have different encodings: latin-1 \(.*b.csv"
    ):
        look_at(str(tmp_path))


def test_a_mixture_of_formats_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id\n1\n")
    (tmp_path / "b.jsonl").write_text('{"id": 1}\n')
    with pytest.raises(ConfigError, match="files of several kinds: 1 of csv, 1 of jsonl"):
        look_at(str(tmp_path))


def test_a_json_array_is_no_json_lines(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[\n{"id": 1}\n]\n')
    with pytest.raises(ConfigError, match=r"a JSON array, not JSON Lines.*jq -c"):
        look_at(str(tmp_path))


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("")
    with pytest.raises(ConfigError, match="all files are empty"):
        look_at(str(tmp_path / "a.csv"))


@pytest.mark.parametrize("wrong", [["2024-02-30 10:00:00"], ["2024-02-30 10:00:00", "31.12.2024"]])
def test_a_day_that_is_none_is_told_and_leaves_the_column_its_type(
    wrong: list[str], tmp_path: Path
) -> None:
    moments = [f"2024-01-{1 + n % 28:02} 10:00:{n % 60:02}" for n in range(200)]
    moments[100 : 100 + len(wrong)] = wrong
    rows = [f"{number},{moment}\n" for number, moment in enumerate(moments)]
    (tmp_path / "a.csv").write_text("id,ts\n" + "".join(rows))
    column = look_at(str(tmp_path / "a.csv")).columns[1]
    assert column.type == "timestamp"
    assert '("2024-02-30 10:00:00" in ' in column.note
    assert "a.csv, line 102" in column.note
    assert worked(tmp_path, "a.csv") == (200 - len(wrong), len(wrong))


def test_a_wide_table_costs_little_for_each_column(tmp_path: Path) -> None:
    """500 columns took 7 s of CPU when each was tried in each notation of numbers by itself."""
    rows = [",".join(str(row * place % 99_991) for place in range(500)) for row in range(200)]
    header = ",".join(f"c{place}" for place in range(500))
    (tmp_path / "wide.csv").write_text("\n".join([header, *rows, ""]))
    begun = time.process_time()
    table = look_at(str(tmp_path / "wide.csv"))
    assert time.process_time() - begun < 3
    assert {column.type for column in table.columns} == {"int64"}


def test_all_values_that_are_not_of_a_json_field_are_counted(tmp_path: Path) -> None:
    """2^53 + 1 is no float64, and the reader rejects it just as it does a text."""
    values = ["0.5", '"x"', "1", "9007199254740993", "2.5"]
    (tmp_path / "a.jsonl").write_text("".join(f'{{"a": {value}}}\n' for value in values))
    table = look_at(str(tmp_path / "a.jsonl"))
    (column,) = table.columns
    assert (column.type, table.rejects.count) == ("float64", 2)
    assert column.note.startswith("2 of 5 values in the sample do not fit float64")
