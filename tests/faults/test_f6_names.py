"""F6 and B3: names that are no names end with one sentence, or are read past."""

import json
from pathlib import Path

import pytest

from ingest.commands.base import guarded
from ingest.commands.plan import main as plan
from ingest.commands.preview import main as preview
from tests.bad_input.bench import Bench


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.chdir(tmp_path)
    return Bench(tmp_path)


NAMES = [
    ("", "is empty, so nothing can refer to it"),
    ("x\0y", "is not valid text: it contains a NUL character"),
    ("\udfaa", "is not valid text: it contains a NUL character or half a surrogate pair"),
    ("*", "is a pattern"),
    ("__ingest_x", "is reserved for hidden columns"),
]


@pytest.mark.parametrize(("name", "reason"), NAMES)
def test_a_field_that_no_step_could_name_is_refused(bench, capsys, name, reason):
    bench.write("a.jsonl", json.dumps({"a": 1, name: 2}) + "\n")
    bench.describe(source={"type": "jsonl", "path": "in"}, contract={})
    assert bench.run().code == 2
    for command in (plan, preview):
        assert guarded(command, ["--conf", "conf", "+job=orders"]) == 2
        said = capsys.readouterr().err
        assert reason in said
        assert "Traceback" not in said
        said.encode()


@pytest.mark.parametrize(("name", "_"), NAMES)
@pytest.mark.parametrize("inside", [False, True])
def test_and_is_read_past_where_the_others_are_named(bench, name, inside, _):
    value = {"s": {"k": 1, name: 2}, "a": 1} if inside else {"a": 1, name: 2}
    bench.write("a.jsonl", json.dumps(value) + "\n")
    columns = {"a": "int64", "s": "struct<k: int64>"}
    bench.describe(source={"type": "jsonl", "path": "in", "columns": columns}, contract={})
    result = bench.run()
    assert result.code == 0, result.err
    assert bench.table == [{"a": 1, "s": {"k": 1} if inside else None}]


@pytest.mark.parametrize("name", ["", "x\0y", "\udfaa"])
def test_names_inside_of_objects_are_refused_too(bench, name):
    bench.write("a.jsonl", json.dumps({"a": 1, "s": {"k": 1, name: 2}}) + "\n")
    bench.describe(source={"type": "jsonl", "path": "in"}, contract={})
    result = bench.run()
    assert result.code == 2
    assert '"s": the field names of "struct<' in result.err
    result.err.encode()


@pytest.mark.parametrize("name", ["", "x\0y", "\udfaa"])
def test_a_name_that_comes_after_the_sample_is_a_reject(bench, name):
    bench.write("a.jsonl", '{"a":1}\n' * 40_000 + json.dumps({"a": 1, name: 2}) + "\n")
    bench.describe(source={"type": "jsonl", "path": "in"}, contract={"on_error": "quarantine"})
    result = bench.run()
    assert result.code == 0, result.err
    (bad,) = bench.rejected
    assert bad["line"] == 40_001
    assert bad["reason"].endswith("unknown field")


def test_a_header_without_a_name_is_refused(bench):
    bench.write("a.csv", "1,2\n")
    bench.describe(source={"type": "csv", "path": "in", "header": ["a", ""]}, contract={})
    result = bench.run()
    assert result.code == 2
    assert 'header: "" is empty, so nothing can refer to it' in result.err
