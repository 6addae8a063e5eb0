"""D1: many files, one schema, decided when the plan is made, by the same words for all formats."""

import gzip

import polars as pl
import pytest

from ingest.sources.csv import Csv
from ingest.sources.files.sampling import COMPARED_FILES
from ingest.testing.sources import pack, rows_of

TABLES = pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet"])


def write(job, kind, number, **columns):
    """Write a file `in/<number>` of one row."""
    name = f"in/{number:02}.{kind}"
    if kind == "parquet":
        job.write(name, pl.DataFrame({key: [value] for key, value in columns.items()}))
        return
    text = f"{','.join(columns)}\n{','.join(map(str, columns.values()))}\n".encode()
    job.write(name, gzip.compress(text, mtime=0) if kind.endswith("gz") else text)


def define(job, kind, **options):
    kind = kind.partition(".")[0]
    job.define(kind, **({"infer": True} if kind == "csv" else {}), **options)


@pytest.fixture
def twelve(job, kind):
    """Twelve files, the fifth of which has a column more, and the seventh one less."""
    for number in range(1, 13):
        columns = {"id": number, "note": f"n{number}"}
        if number == 5:
            columns = {"extra": 50, **columns}
        if number == 7:
            del columns["note"]
        write(job, kind, number, **columns)
    return job


@TABLES
def test_a_difference_is_an_error_that_names_both_files(twelve, kind):
    define(twelve, kind)
    twelve.refused(
        f'path: "in/05.{kind}": other columns than "in/01.{kind}": new: "extra". ',
        f'path: "in/07.{kind}": other columns than "in/01.{kind}": missing: "note". ',
        "source.schema",
        "{new_columns: add}",
        "{missing_columns: null}",
    )
    assert twelve.preview().code == 2


@TABLES
def test_nulls_and_more_columns(twelve, kind):
    define(twelve, kind, schema={"missing_columns": "null", "new_columns": "add"})
    (remark,) = twelve.plan_page()["remarks"]
    assert f'added "extra" (in/05.{kind})' in remark
    assert f'null-filled "note" (in/07.{kind})' in remark
    assert f'null-filled "extra" (in/01.{kind} and 10 more)' in remark
    result = twelve.run()
    assert result.code == 0, result.err
    assert remark in result.out
    assert twelve.frame.columns == ["id", "note", "extra"]
    wanted = [
        {"id": n, "note": None if n == 7 else f"n{n}", "extra": 50 if n == 5 else None}
        for n in range(1, 13)
    ]
    assert sorted(twelve.frame.to_dicts(), key=lambda row: row["id"]) == wanted


@TABLES
def test_nulls_and_nothing_new(twelve, kind):
    define(twelve, kind, schema={"missing_columns": None, "new_columns": "ignore"})
    (remark,) = twelve.plan_page()["remarks"]
    assert f'ignored "extra" (in/05.{kind})' in remark
    assert twelve.run().code == 0
    assert twelve.receipt["inputs"]["remarks"] == [remark]
    assert twelve.frame.columns == ["id", "note"]
    assert twelve.frame["id"].sum() == 78
    assert twelve.frame["note"].null_count() == 1


@TABLES
@pytest.mark.parametrize(
    ("schema", "file"),
    [({"new_columns": "add"}, "07"), ({"missing_columns": "null"}, "05"), ({}, "07")],
)
def test_each_option_is_for_its_own_kind(twelve, kind, schema, file):
    define(twelve, kind, schema=schema)
    twelve.refused(f'path: "in/{file}.{kind}": other columns than "in/01.{kind}"')


@TABLES
def test_the_command_line(twelve, kind):
    define(twelve, kind)
    result = twelve.run("+source.schema.missing_columns=null", "+source.schema.new_columns=add")
    assert result.code == 0, result.err
    assert twelve.frame.height == 12
    result = twelve.plan("+source.schema.new_columns=yes")
    assert result.code == 2
    assert "source.schema.new_columns" in result.err
    result = twelve.plan("+source.schema.mising_columns=null")
    assert 'Did you mean "missing_columns"?' in result.err


@TABLES
def test_the_first_file_may_be_the_one_that_differs(job, kind):
    write(job, kind, 1, id=1)
    write(job, kind, 2, id=2, note="b")
    write(job, kind, 3, note="c", id=3)
    define(job, kind, schema={"new_columns": "add"})
    assert job.run().code == 0
    assert job.rows == [
        {"id": 1, "note": None},
        {"id": 2, "note": "b"},
        {"id": 3, "note": "c"},
    ]


@TABLES
def test_a_file_that_has_none_of_the_columns(job, kind):
    write(job, kind, 1, id=1)
    write(job, kind, 2, other=2)
    define(job, kind, schema={"missing_columns": "null", "new_columns": "ignore"})
    if kind != "parquet":  # what stands in the first line of a text may be a record
        job.refused("the first line has none of the columns of ", "it is probably not a header")
        return
    assert job.run().code == 0
    assert job.rows == [{"id": 1}, {"id": None}]


def test_a_missing_column_is_null_and_not_empty_text(job):
    """Also where an empty field is not null."""
    job.write("in/1.csv", "id,note\n1,\n")
    job.write("in/2.csv", "id\n2\n")
    job.define(null_values=["NA"], schema={"missing_columns": "null"})
    assert job.run().code == 0
    assert job.rows == [{"id": "1", "note": ""}, {"id": "2", "note": None}]


def test_bad_records_of_files_with_other_columns(job):
    """Each is judged by its own file's header, and its line is right."""
    job.write("in/1.csv", "id,note\n1,a\n2\n3,b,c\n")
    job.write("in/2.csv", "x,id\n4,5\n6\n7,y\n" + "8,9\n" * 20)
    contract = {"on_error": "quarantine"}
    options = {
        "columns": {"id": "int64"},
        "schema": {"missing_columns": "null", "new_columns": "add"},
    }
    job.define(**options, parts={"contract": contract})
    assert job.run().code == 0
    assert job.frame.height == 22
    bad = job.quarantine.sort("file", "line").select("line", "reason", "original").rows()
    assert bad == [
        (3, "too few fields", "2"),
        (4, "too many fields", "3,b,c"),
        (3, "too few fields", "6"),
        (4, "id: not an int64", "7,y"),
    ]
    assert job.frame.filter(id=5).to_dicts() == [{"id": 5, "note": None, "x": "4"}]


def test_columns_types_and_contract_reach_added_columns(job):
    job.write("in/1.csv", "id\n1\n")
    job.write("in/2.csv", "id,day,n\n2,01.02.2024,7\n")
    columns = {"day": {"type": "date", "format": "%d.%m.%Y"}}
    contract = {"columns": {"n": "int16"}}
    job.define(columns=columns, schema={"new_columns": "add"}, parts={"contract": contract})
    page = job.plan_page()
    assert page["input_schema"] == {"id": "string", "day": "date", "n": "int16"}
    assert job.run().code == 0
    assert [row["n"] for row in job.rows] == [None, 7]


def test_added_columns_get_inferred_types_wherever_they_are(job):
    """The one file that has it is none of the few that are looked into for values."""
    for number in range(60):
        job.write(f"in/{number:02}.csv", "id\n1\n" if number != 37 else "id,n\n1,5\n")
    job.define(infer=True, schema={"new_columns": "add"})
    assert job.plan_page()["input_schema"] == {"id": "int64", "n": "int64"}


def test_a_name_that_stands_twice_in_any_file(job):
    job.write("in/1.csv", "id\n1\n")
    job.write("in/2.csv", "id,x,x\n1,2,3\n")
    job.define(schema={"new_columns": "add"})
    job.refused("in/2.csv", '"x" occurs more than once')


def test_empty_files_have_no_columns_to_differ(job):
    job.write("in/1.csv", "")
    job.write("in/2.csv", "id,n\n1,2\n")
    job.write("in/3.csv", "")
    job.define()
    assert job.run().code == 0
    assert job.rows == [{"id": "1", "n": "2"}]


def test_projection_of_parquet(twelve_parquet):
    """The others are not looked at; one of the chosen may still be missing."""
    twelve_parquet.define("parquet", columns=["id"])
    assert twelve_parquet.plan_page()["remarks"] == []
    assert twelve_parquet.run().code == 0
    twelve_parquet.define("parquet", columns=["note", "id"])
    twelve_parquet.refused('path: "in/07.parquet": other columns than "in/01.parquet": missing: ')
    twelve_parquet.define("parquet", columns=["extra"], schema={"missing_columns": "null"})
    assert twelve_parquet.run().code == 0
    assert twelve_parquet.frame["extra"].drop_nulls().to_list() == [50]
    twelve_parquet.define("parquet", columns=["extr"])
    twelve_parquet.refused('columns: no such column "extr". Did you mean "extra"?')


@pytest.fixture
def twelve_parquet(job):
    for number in range(1, 13):
        columns = {"id": number, "note": f"n{number}"} | ({"extra": 50} if number == 5 else {})
        if number == 7:
            del columns["note"]
        write(job, "parquet", number, **columns)
    return job


def test_a_condition_of_parquet_on_a_missing_column(twelve_parquet):
    where = "note IS NULL OR note = 'n3'"
    twelve_parquet.define("parquet", columns=["id"], where=where)
    twelve_parquet.refused('in/07.parquet": other columns', 'missing: "note"')
    twelve_parquet.define(
        "parquet", columns=["id"], where=where, schema={"missing_columns": "null"}
    )
    assert twelve_parquet.run().code == 0
    assert [row["id"] for row in twelve_parquet.rows] == [3, 7]


class TestJsonLines:
    """Fields of records: the plan looks at a sample, and each record is judged."""

    def fill(self, job):
        job.write("in/1.jsonl", '{"id":1,"a":"x"}\n{"id":2}\n')
        job.write("in/2.jsonl", '{"id":3,"b":2.5}\n')

    def run(self, job, **options):
        job.define("jsonl", **options, parts={"contract": {"on_error": "quarantine"}})
        result = job.run()
        assert result.code == 0, result.err
        return job.rows, job.quarantine

    def test_by_default_all_fields_of_the_sample_are_columns(self, job):
        self.fill(job)
        rows, bad = self.run(job)
        assert rows[2] == {"id": 3, "a": None, "b": 2.5}
        assert bad.is_empty()

    def test_by_default_named_columns_are_all(self, job):
        self.fill(job)
        rows, bad = self.run(job, columns={"id": "int32"})
        assert rows == [{"id": 1}, {"id": 2}, {"id": 3}]
        assert bad.is_empty()

    def test_named_columns_and_the_others(self, job):
        self.fill(job)
        rows, _ = self.run(job, columns={"id": "float64"}, schema={"new_columns": "add"})
        assert rows[0] == {"id": 1.0, "a": "x", "b": None}

    def test_named_columns_and_no_others(self, job):
        self.fill(job)
        job.define("jsonl", columns={"id": "int64"}, schema={"new_columns": "fail"})
        job.refused('path: "in/1.jsonl": other fields than planned: new: "a"', "in/2.jsonl")

    @pytest.mark.parametrize(
        ("new", "rejected"), [(None, 1), ("fail", 1), ("add", 1), ("ignore", 0)]
    )
    def test_a_field_behind_the_sample(self, job, new, rejected):
        job.write("in/1.jsonl", '{"id":1}\n' * 12_000 + '{"id":2,"late":true}\n')
        rows, bad = self.run(job, **({"schema": {"new_columns": new}} if new else {}))
        assert (len(rows), bad.height) == (12_001 - rejected, rejected)
        if rejected:
            assert bad.select("line", "reason").rows() == [(12_001, "late: unknown field")]

    def test_a_file_without_a_field(self, job):
        self.fill(job)
        job.define(
            "jsonl", columns={"id": "int64", "a": "string"}, schema={"missing_columns": "fail"}
        )
        job.refused('path: "in/2.jsonl": other fields than planned: missing: "a"')


class TestManyFiles:
    """More files than are compared: what differs in one that was not is found when it is read."""

    @pytest.fixture
    def many(self, tmp_path):
        for number in range(COMPARED_FILES + 300):
            (tmp_path / f"{number:05}.csv").write_text("id\n1\n")
        (tmp_path / f"{COMPARED_FILES:05}.csv").write_text("id,new\n1,2\n")
        return tmp_path

    def read(self, folder, **options):
        source = Csv(type="csv", path=str(folder), **options)
        slices = list(source.slices(1 << 20))
        odd = next(piece for piece in slices if piece.uri.endswith(f"{COMPARED_FILES:05}.csv"))
        layout = source.layout([piece for piece in slices if piece is not odd], {})
        return layout, source.read(pack([slices[0], odd]), layout)

    def test_an_error_names_both(self, many):
        with pytest.raises(
            Exception, match=r'02000\.csv: other columns than .*00000\.csv: new: "new"'
        ):
            self.read(many)

    def test_or_it_is_ignored(self, many):
        layout, read = self.read(many, schema={"new_columns": "ignore"})
        assert rows_of(read).rows() == [("1",), ("1",)]
        assert "columns compared in 2,000 of 2,299 files" in layout.remarks[-1]

    def test_or_named(self, many):
        _, read = self.read(many, columns={"new": "int64"}, schema={"new_columns": "add"})
        assert rows_of(read).rows() == [("1", None), ("1", 2)]
