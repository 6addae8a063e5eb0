"""B8: a delimiter at each line's end, and R's header without a name for the first column."""

from pathlib import Path
from typing import Any

import pytest

from ingest.core.errors import ConfigError
from ingest.sources.csv import Csv
from ingest.testing.sources import layout_of, pack, plan, records_of, rows_of
from tests.faults.text_job import TextJob

CUTS = (1, 5, 7, 10**6)


def read(folder: Path, text: str, **options: Any) -> tuple[list[Any], list[Any]]:
    """Return rows and reasons, which must be the same however the file is cut."""
    path = folder / "a.csv"
    path.write_text(text)
    reader = Csv(type="csv", path=str(path), **options)
    partition, layout = plan(reader)
    found = reader.read(partition, layout)
    whole = records_of(reader, partition, layout)
    assert all(records_of(reader, pack(list(reader.slices(cut))), layout) == whole for cut in CUTS)
    rejects = [] if found.rejects is None else found.rejects.frame.select("line", "reason").rows()
    return rows_of(found).rows(), rejects


def test_a_trailing_delimiter_is_one_field_too_many_unless_it_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    job = TextJob.at(tmp_path)
    job.write("a.csv", "id,name\n1,a,\n2,b,\n")
    assert job.run().reasons == [(2, "too many fields"), (3, "too many fields")]
    output = job.run(trailing_delimiter="ignore")
    assert (output.columns, output.rows) == (["id", "name"], [("1", "a"), ("2", "b")])


@pytest.mark.parametrize("header", ["id,name", "id,name,"])
def test_only_one_empty_field_too_many_is_ignored(tmp_path: Path, header: str) -> None:
    text = f'{header}\n1,a,\r\n2,b\n3,\n4,,\n5,"c,",\n6,d,,\n7,e,f\n,\n\n8\n9,"g,\n'
    rows, rejects = read(tmp_path, text, trailing_delimiter="ignore")
    assert rows == [("1", "a"), ("2", "b"), ("3", None), ("4", None), ("5", "c,"), (None, None)]
    assert rejects == [
        (7, "too many fields"), (8, "too many fields"), (10, "blank line"), (11, "too few fields"),
        (12, "unclosed quote"),
    ]  # fmt: skip


def test_a_typed_table_with_trailing_delimiters(tmp_path: Path) -> None:
    rows, _ = read(
        tmp_path, "n;x;\n1;1.5;\n-2;;\n", delimiter=";", trailing_delimiter="ignore",
        columns={"n": "int64", "x": "float64"},
    )  # fmt: skip
    assert rows == [(1, 1.5), (-2, None)]


R = '"x","y"\n"1",5,"a"\n"2",7,"b"\n'


def test_row_names_as_r_writes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    job = TextJob.at(tmp_path)
    job.write("a.csv", R)
    assert [reason for _, reason in job.run().reasons] == ["too many fields"] * 2
    output = job.run(row_names="row", columns={"row": "int64", "x": "int64"})
    assert output.columns == ["row", "x", "y"]
    assert output.rows == [(1, 5, "a"), (2, 7, "b")]


def test_row_names_need_a_header_and_a_name_that_is_free(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(R)
    with pytest.raises(ValueError, match="row_names: only works with header: true"):
        Csv(type="csv", path=str(path), row_names="row", header=("a", "b"))
    with pytest.raises(ConfigError, match='"x" occurs more than once'):
        layout_of(Csv(type="csv", path=str(path), row_names="x"))


def test_row_names_in_files_of_other_orders(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text('"y","x"\n"3","c",9\n')
    rows, _ = read(tmp_path, R, row_names="row")
    assert rows == [("1", "5", "a"), ("2", "7", "b")]
    both = Csv(type="csv", path=str(tmp_path), row_names="row")
    assert rows_of(both.read(*plan(both))).rows() == [*rows, ("3", "9", "c")]


def test_a_header_of_full_length_with_row_names_is_loud(tmp_path: Path) -> None:
    rows, rejects = read(tmp_path, "a,b\n1,2\n", row_names="row")
    assert (rows, rejects) == ([], [(2, "too few fields")])
