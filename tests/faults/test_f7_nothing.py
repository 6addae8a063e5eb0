"""F7: inputs of which no column can be made end in a sentence, and others are read without them."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.faults.desk import Desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a":[1,"x"]}\n', "no field can be a column"),
        ('{"a":[1,"x"]}\n{"a":["y",{}]}\n', "no field can be a column"),
        ("{}\n{}\n", "empty objects"),
        ('{"":1}\n', "no field can be a column"),
        ('{"*":1,"^a$":2,"__ingest_x":3}\n', "no field can be a column"),
        ('{"\\udfaa":1}\n', "no field can be a column"),
        ("[1,2]\n", "a JSON array"),
        ("1\n2\n", "no line of the sample is a JSON object"),
    ],
)
def test_json_without_a_column_is_refused_in_a_line(desk: Desk, text: str, said: str) -> None:
    desk.write("in/a.jsonl", text)
    answer = desk.init("in/a.jsonl")
    assert answer.code == 2
    assert said in answer.err
    assert len(answer.err.splitlines()) == 1
    assert desk.is_bare


def test_a_field_that_no_type_holds_is_left_out(desk: Desk) -> None:
    desk.write("in/a.jsonl", '{"id":1,"a":[1,"x"],"meta":{}}\n{"id":2,"a":["y",2],"meta":{}}\n')
    assert [row["id"] for row in desk.publish("in/a.jsonl")] == [1, 2]


def test_a_list_that_is_of_two_kinds_in_some_records_keeps_the_others(desk: Desk) -> None:
    desk.write("in/a.jsonl", '{"a":[1,"x"],"b":1}\n{"a":[2],"b":2}\n{"a":[3],"b":3}\n')
    assert desk.publish("in/a.jsonl") == [{"a": [2], "b": 2}, {"a": [3], "b": 3}]


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("half", [1.5, 2.5], pa.float16()),
        ("length", [1, 2], pa.duration("s")),
        ("fixed", [[1, 2], [3, 4]], pa.list_(pa.int64(), 2)),
    ],
)
def test_parquet_without_a_column_is_refused_or_read(
    desk: Desk, name: str, values: list[object], kind: pa.DataType
) -> None:
    column = pa.array(values, pa.float32()).cast(kind) if name == "half" else pa.array(values, kind)
    (desk.place / "in").mkdir()
    pq.write_table(pa.table({name: column}), desk.place / "in" / "a.parquet")
    said = desk.init("in/a.parquet")
    if said.code == 0:
        assert desk.run().code == 0
        assert len(desk.rows()) == 2
    else:
        assert said.code == 2
        assert len(said.err.splitlines()) == 1
        assert name in said.err
        assert desk.is_bare


def test_of_several_parquet_columns_the_others_are_kept(desk: Desk) -> None:
    (desk.place / "in").mkdir()
    table = pa.table({"id": [1, 2], "d": pa.array([1, 2], pa.duration("s"))})
    pq.write_table(table, desk.place / "in" / "a.parquet")
    assert [row["id"] for row in desk.publish("in/a.parquet")] == [1, 2]
