"""`ingest init`: the files it writes, and what it refuses."""

from pathlib import Path

import pytest

from ingest.commands import preview, run
from ingest.commands.init import job_name, main
from ingest.core.errors import ConfigError
from ingest.testing.golden import work_sample

ROWS = "".join(f"{number};{number % 7},50\n" for number in range(1000))


@pytest.fixture(autouse=True)
def orders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder with one messy file in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    file = tmp_path / "in" / "Orders 2013.csv"
    file.write_text(f"id;price\n{ROWS}")
    return file


def test_a_job_is_written_that_previews_and_runs_as_it_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["in/Orders 2013.csv"]) == 0
    said = capsys.readouterr().out
    assert "found 1 file, 8.9 kB: 2 columns, separated by semicolons" in said
    assert "ingest run orders_2013" in said
    job = Path("conf/job/orders_2013.yaml").read_text().splitlines()
    assert job[0] == "# @package _global_"
    assert job[1].startswith("# ")
    assert preview.main(["+job=orders_2013"]) == 0
    assert run.main(["+job=orders_2013", "cluster=inline", "--progress", "log"]) == 0
    assert list(Path("data/orders_2013").glob("*.parquet"))


def test_the_sample_is_the_head_of_the_file_and_proves_the_job(orders: Path) -> None:
    main(["in/Orders 2013.csv", "--name", "orders"])
    sample = Path("jobs/orders/sample/Orders 2013.csv").read_bytes()
    assert orders.read_bytes().startswith(sample)
    assert sample.count(b"\n") == 501
    expected = Path("jobs/orders/expected/rows.jsonl").read_text().splitlines()
    assert expected == work_sample("orders")["rows"]
    assert len(expected) == 1 + 500  # the names of the columns come first


def test_a_job_goes_where_conf_says() -> None:
    assert main(["in", "--name", "orders", "--conf", "team/conf"]) == 0
    assert Path("team/conf/job/orders.yaml").exists()


def test_an_existing_job_is_replaced_only_by_force() -> None:
    main(["in", "--name", "orders"])
    job = Path("conf/job/orders.yaml")
    job.write_text("mine")
    with pytest.raises(ConfigError, match=r"conf/job/orders.yaml: there is already a job.*--force"):
        main(["in", "--name", "orders"])
    assert job.read_text() == "mine"
    Path("jobs/orders/sample/old.csv").write_text("a;b\n")
    main(["in", "--name", "orders", "--force"])
    assert job.read_text() != "mine"
    assert [file.name for file in Path("jobs/orders/sample").iterdir()] == ["Orders 2013.csv"]


def test_what_is_not_there_leaves_nothing_behind() -> None:
    with pytest.raises(ConfigError, match="no such file or folder"):
        main(["in/order.csv"])
    assert not Path("conf").exists()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("in/Orders 2013.csv.gz", "orders_2013"),
        ("s3://bucket/raw/clicks/dt=2013-01-01/*.jsonl", "clicks"),
        ("in/2013-trips.csv", "trips"),
        ("../*.csv", "my_job"),
    ],
)
def test_names_come_from_paths(path: str, name: str) -> None:
    assert job_name(None, path) == name


def test_a_name_that_no_job_can_have_is_refused() -> None:
    with pytest.raises(ConfigError, match='"My Job": not a valid job name'):
        job_name("My Job", "x.csv")


def test_files_of_two_delimiters_are_told_apart(orders: Path) -> None:
    (orders.parent / "more.csv").write_text(orders.read_text().replace(",", ".").replace(";", ","))
    with pytest.raises(ConfigError) as caught:
        main(["in"])
    assert caught.value.lines == (
        '"in": the files have different delimiters, but a job reads one. Use a job for each:',
        "  delimiter ';' in in/Orders 2013.csv: ingest init 'in/Orders 2013.csv'",
        "  delimiter ',' in in/more.csv: ingest init in/more.csv",
    )


def test_what_would_be_rejected_is_counted_and_a_high_limit_is_not_sure(
    orders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(f'{{"id": {number}}}\n' for number in range(6))
    (orders.parent / "good.jsonl").write_text(rows)
    (orders.parent / "bad.jsonl").write_text(f'{rows}x\ny\nz\n{{"id": "a"}}\n')
    assert main(["in/*.jsonl", "--name", "events"]) == 0
    said = capsys.readouterr().out
    assert "4 of 16 sampled records would be rejected (in/bad.jsonl: 4 of 10)" in said
    assert "  max_error_ratio: 0.5: 40% of the records of a file would be rejected, so the" in said
    assert "max_error_ratio: 0.5  # with a larger share of bad" in (
        Path("conf/job/events.yaml").read_text()
    )


def test_quotes_that_mean_nothing_are_a_guess(capsys: pytest.CaptureFixture[str]) -> None:
    Path("in/q.csv").write_text('a,b,a\n1,x,2\n2,"unclosed,3\n3,y,4\n')
    assert main(["in/q.csv"]) == 0
    said = capsys.readouterr().out
    assert "  quote: null (quotes are part of the values)\n" in said
    assert "  quote: null is a guess: in/q.csv, line 3 has quotes that do not enclose" in said


@pytest.mark.parametrize(("options", "tested"), [([], True), (["--no-sample"], False)])
def test_a_test_is_proposed_where_there_is_a_sample(
    options: list[str], tested: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["in", "--name", "orders", *options]) == 0
    assert ("  ingest test orders" in capsys.readouterr().out) is tested
