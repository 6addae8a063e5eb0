"""B5: names of files that are not UTF-8 are refused by name, in every command."""

import os

import pytest

BAD = b"caf\xe9"


def write(place, *parts):
    """Write a file of which a part of the name is not UTF-8."""
    path = place.joinpath(*map(os.fsdecode, parts))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"id\n1\n")
    return path


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("in", (b"in", BAD + b".csv")),
        ("in/**/*.csv", (b"in", BAD, b"a.csv")),
        ("in/*", (b"in", b"k=" + BAD, b"a.csv")),
    ],
)
def test_plan_run_preview_and_init_refuse_it(job, parts, path):
    write(job.place, *parts)
    job.define(path=path)
    job.refused(r"caf\xe9", "the name is not UTF-8. Rename it")
    for result in (job.preview(), job.init(path)):
        assert result.code == 2
        assert r"caf\xe9" in result.err
        assert "Traceback" not in result.err


def test_what_is_passed_over_may_be_called_so(job):
    job.write("in/a.csv", "id\n1\n")
    for name in (BAD + b".xlsx", b"_" + BAD, b"." + BAD + b".csv"):
        write(job.place, b"in", name)
    job.define()
    remarks = job.plan_page()["remarks"]
    assert r'"in/caf\xe9.xlsx"' in remarks[0]
    assert r'"in/_caf\xe9"' in remarks[1]
    assert job.run().code == 0
    assert job.rows == [{"id": "1"}]


def test_a_path_on_the_command_line(job):
    path = write(job.place, b"in", BAD + b".csv")
    job.define()
    result = job.run(f'source.path="{path}"')
    assert result.code == 2
    assert "command line: source.path: " in result.err
    assert r'caf\xe9.csv": not UTF-8' in result.err


def test_a_working_folder_that_is_called_so(job, monkeypatch):
    folder = write(job.place, BAD, b"in", b"a.csv").parent.parent
    job.define()
    (job.place / "conf").rename(folder / "conf")
    monkeypatch.chdir(folder)
    for result in (job.plan(), job.run(), job.init("in")):
        assert result.code == 2, result
        assert "not UTF-8" in result.err
        assert "Traceback" not in result.err


def test_names_of_other_alphabets_are_read(job):
    job.write("in/schlüssel=ä/Zürich ☃.csv", "id\n1\n")
    job.define(include_file_columns=True)
    assert job.run().code == 0
    (row,) = job.rows
    assert (row["schlüssel"], row["_file_name"]) == ("ä", "Zürich ☃.csv")
