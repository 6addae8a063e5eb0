"""F7, the reading of JSON: what is no JSON Lines, and mixtures, end with one sentence."""

import json
from pathlib import Path

import pytest

from ingest.commands.base import guarded
from ingest.commands.plan import main as plan
from tests.bad_input.bench import Bench


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.chdir(tmp_path)
    bench = Bench(tmp_path)
    bench.describe(source={"type": "jsonl", "path": "in"}, contract={})
    return bench


RECORDS = [{"a": n, "b": [n]} for n in range(20)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (json.dumps(RECORDS), "a JSON array, not JSON Lines"),
        (json.dumps(RECORDS * 10_000), "a JSON array, not JSON Lines"),
        ("[\n" + ",\n".join(map(json.dumps, RECORDS)) + "\n]\n", "a JSON array, not JSON Lines"),
        (json.dumps(RECORDS, indent=2), "a JSON array, not JSON Lines"),
        (json.dumps(RECORDS[3], indent=2), "a JSON document of several lines, not JSON Lines"),
        ("\ufeff" + json.dumps(RECORDS), "a JSON array, not JSON Lines"),
        ('{"a":[1,"x"]}\n', '"a" is int64 in some records of the sample and string in others'),
        ("{}\n{}\n", "have no fields, so the columns are unknown"),
        ("", "the sampled files have no records"),
    ],
)
def test_one_sentence_says_what_to_do(bench, capsys, content, said):
    bench.write("a.jsonl", content)
    assert guarded(plan, ["--conf", "conf", "+job=orders"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_a_list_among_records_is_a_reject(bench):
    bench.write("a.jsonl", '[1]\n{"a":1}\n{"a":2}\n')
    bench.describe(source={"type": "jsonl", "path": "in"}, contract={"on_error": "quarantine"})
    assert bench.run().code == 0
    assert bench.table == [{"a": 1}, {"a": 2}]
    assert [bad["reason"] for bad in bench.rejected] == ["not a JSON object"]
