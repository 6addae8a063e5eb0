"""Paths that are wrong: nothing runs, and the message names the line of the job and the way out."""

import pytest

from tests.bad_input.bench import HEADER, assert_refused


def test_no_such_path(bench):
    bench.fill(1)
    bench.describe(source={"type": "csv", "path": "inn"})
    said = f'conf/job/orders.yaml:7: source.path: "{bench.place}/inn": no such file or folder.'
    assert_refused(bench, bench.run(), said, f'Did you mean "{bench.place}/in"?')


def test_a_glob_that_matches_nothing(bench):
    bench.fill(1)
    bench.describe(source={"type": "csv", "path": "in/*.tsv"})
    said = 'conf/job/orders.yaml:7: source.path: "in/*.tsv": no file matches.'
    assert_refused(bench, bench.run(), said, f'"{bench.place}/in" contains "1.csv"', "Name a file")


def test_a_directory_where_a_file_should_be(bench):
    (bench.place / "in" / "1.csv").mkdir()
    bench.describe(source={"type": "csv", "path": "in/1.csv"})
    said = 'source.path: "in/1.csv": no file in it ends in .csv'
    assert_refused(bench, bench.run(), said, "Name a file, a folder or a glob")


def test_a_file_where_a_directory_should_be(bench):
    bench.fill(1)
    bench.describe(source={"type": "csv", "path": "in/1.csv/2.csv"})
    said = "part of the path is a file, not a folder. Name a file, a folder or a glob"
    assert_refused(bench, bench.run(), said)


@pytest.mark.parametrize("option", ["sink", "state"])
def test_a_file_where_a_directory_is_to_be_written(bench, option):
    bench.fill(1)
    (bench.place / "taken").write_text("mine")
    sink = {"type": "parquet", "path": "taken", "write_disposition": "overwrite"}
    bench.describe(**{option: sink if option == "sink" else "taken"})
    said = {
        "sink": f'sink.path: "{bench.place}/taken" is a file, but must be a directory. Use another',
        "state": f"{bench.place}/taken/jobs/orders/runs: the state cannot be read: Not a",
    }
    assert_refused(bench, bench.run(), said[option])
    assert (bench.place / "taken").read_text() == "mine"


def test_a_sink_inside_the_source(bench):
    bench.fill(1)
    bench.describe(sink={"type": "parquet", "path": "in/out", "write_disposition": "append"})
    said = f'sink.path: "{bench.place}/in/out" is inside the source "{bench.place}/in"'
    assert_refused(bench, bench.run(), said, "Use a path outside it")


def test_a_source_inside_the_sink(bench):
    bench.fill(1)
    bench.describe(sink={"type": "parquet", "path": ".", "write_disposition": "append"})
    assert_refused(bench, bench.run(), "sink.path: the source", "Use another path")


def test_a_quarantine_inside_the_source(bench):
    bench.fill(1)
    bench.describe(contract={"on_error": "quarantine", "quarantine": {"path": "in/bad"}})
    assert_refused(bench, bench.run(), f'"{bench.place}/in/bad" is inside the source')


def test_an_output_that_holds_foreign_files_is_not_overwritten(bench):
    bench.fill(1)
    (bench.place / "out").mkdir()
    (bench.place / "out" / "notes.txt").write_text("mine")
    said = 'contains files that no run of ingest has published: "notes.txt"'
    assert_refused(bench, bench.run(), said, "Move them away, or use another path")
    assert [path.name for path in (bench.place / "out").iterdir()] == ["notes.txt"]
    assert bench.run("sink.write_disposition=append").code == 0
    assert (bench.place / "out" / "notes.txt").read_text() == "mine"
    assert len(bench.rows) == 4


def test_an_empty_file_alone(bench):
    bench.write("1.csv", "")
    bench.describe(contract={})
    said = 'path: "in": all sampled files are empty, so the columns are unknown. Name them:'
    assert_refused(bench, bench.run(), said)


def test_an_empty_file_of_known_columns_holds_no_rows(bench):
    bench.write("1.csv", "")
    assert bench.run().code == 0
    assert bench.rows == []


@pytest.mark.parametrize("content", ["", HEADER], ids=["no bytes", "a header alone"])
def test_an_empty_file_among_others(bench, content):
    bench.fill(2)
    bench.write("0.csv", content)
    result = bench.run()
    assert (result.code, len(bench.rows)) == (0, 8)
    assert "3 files" in result.out
