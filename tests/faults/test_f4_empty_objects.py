"""F4: objects without fields, empty lists and nulls everywhere are values, not rejects."""

from pathlib import Path

import pytest

from tests.bad_input.bench import Bench


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.chdir(tmp_path)
    bench = Bench(tmp_path)
    bench.describe(source={"type": "jsonl", "path": "in"}, contract={"on_error": "quarantine"})
    return bench


@pytest.mark.parametrize(
    ("lines", "values"),
    [
        (['{"id":1,"x":{}}', '{"id":2,"x":{ }}', '{"id":3}'], [None, None, None]),
        (['{"id":1,"x":[]}', '{"id":2,"x":[]}', '{"id":3,"x":null}'], [[], [], None]),
        (['{"id":1,"x":null}', '{"id":2,"x":null}', '{"id":3}'], [None, None, None]),
        (['{"id":1,"x":{}}', '{"id":2,"x":{"a":1}}', '{"id":3,"x":null}'],
         [{"a": None}, {"a": 1}, None]),
        (['{"id":1,"x":[{}]}', '{"id":2,"x":[{},null]}', '{"id":3,"x":[]}'],
         [[None], [None, None], []]),
        (['{"id":1,"x":{"a":{},"b":1}}', '{"id":2,"x":{}}', '{"id":3,"x":{"a":null}}'],
         [{"a": None, "b": 1}, {"a": None, "b": None}, {"a": None, "b": None}]),
        (['{"id":1,"x":[]}', '{"id":2,"x":[{}]}', '{"id":3,"x":[{"a":[]}]}'],
         [[], [{"a": None}], [{"a": []}]]),
        (['{"x":{},"id":1}', '{"id":2,"x":[]}', '{"id":3}'], None),
    ],
)  # fmt: skip
def test_they_are_read(bench, lines, values):
    bench.write("a.jsonl", "\n".join(lines) + "\n")
    result = bench.run()
    if values is None:
        assert result.code == 2
        assert (
            '"x" is string in some records of the sample and list<string> in others' in result.err
        )
        return
    assert result.code == 0, result.err
    assert [row["x"] for row in bench.table] == values
    assert bench.rejected == []


def test_an_object_with_a_field_that_the_sample_had_not_is_a_reject(bench):
    bench.write(
        "a.jsonl", '{"id":1,"x":{}}\n' * 20_000 + '{"id":2,"x":{"a":1}}\n{"id":3,"x":"t"}\n'
    )
    result = bench.run()
    assert result.code == 0, result.err
    assert len(bench.table) == 20_000
    assert [(bad["line"], bad["reason"]) for bad in bench.rejected] == [
        (20_001, "x: not an empty object"), (20_002, "x: not an empty object")
    ]  # fmt: skip


def test_a_column_that_was_only_null_takes_texts_later(bench):
    bench.write("a.jsonl", '{"id":1,"x":null}\n' * 20_000 + '{"id":2,"x":"t"}\n')
    assert bench.run().code == 0
    assert bench.table[-1] == {"id": 2, "x": "t"}


def test_records_without_fields_are_no_table(bench):
    bench.write("a.jsonl", "{}\n{}\n")
    result = bench.run()
    assert result.code == 2
    assert "the 2 sampled records have no fields" in result.err
