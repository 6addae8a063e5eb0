"""F1: nesting costs what its levels cost, and has a limit with a name."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.core.types import MOST_LEVELS, parse_type
from tests.bad_input.bench import ROOT, Bench

CHILD = """
import resource, sys, time
from ingest.core.errors import ConfigError
from ingest.sources.jsonl import Jsonl
from ingest.testing.sources import plan, rows_of
began = time.process_time()
base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.argv[1:]:
    source = Jsonl(type="jsonl", path=path)
    try:
        assert rows_of(source.read(*plan(source))).height == 100
    except ConfigError as error:
        assert "levels deep" in str(error)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(time.process_time() - began, (peak - base) / 1024)
"""


def nested(kind: str, levels: int) -> str:
    value = "1"
    for _ in range(levels):
        value = {"list": f"[{value}]", "struct": f'{{"x":{value}}}', "both": f'[{{"x":{value}}}]'}[
            kind
        ]
    return value


def test_deep_records_take_little_time_and_memory(tmp_path):
    # before: 16 levels of lists took 1.1 GB and 8 s, 16 of lists of structs 2 GB and 12 s
    files = []
    for kind in ("list", "struct", "both"):
        for levels in (12, 14, 16, 31, 100, 500, 5000):
            file = tmp_path / f"{kind}{levels}.jsonl"
            file.write_text(f'{{"a":{nested(kind, levels)}}}\n' * 100)
            files.append(str(file))
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *files],
        capture_output=True, text=True, cwd=ROOT, check=True, env={"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    seconds, megabytes = map(float, done.stdout.split())
    assert seconds < 40  # 4 s on an idle machine
    assert megabytes < 250  # 70 MB


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.chdir(tmp_path)
    return Bench(tmp_path)


@pytest.mark.parametrize("levels", [33, 100, 500, 20_000])
def test_what_is_too_deep_is_refused_by_name_when_the_schema_is_made(bench, levels):
    bench.write(
        "a.jsonl",
        f'{{"id":1,"deep":{nested("list", 1)}}}\n{{"deep":{"[" * levels + "]" * levels}}}\n',
    )
    bench.describe(source={"type": "jsonl", "path": "in"}, contract={})
    refused = bench.run()
    assert refused.code == 2
    assert '"deep": lists and objects nested more than 32 levels deep' in refused.err
    assert "source.columns: {id: int64}" in refused.err
    bench.describe(source={"type": "jsonl", "path": "in", "columns": {"id": "int64"}}, contract={})
    assert bench.run().code == 0
    assert bench.table == [{"id": 1}, {"id": None}]


@pytest.mark.parametrize("levels", [33, 500, 20_000])
def test_and_rejected_where_a_field_is_read(bench, levels):
    deep = "[" * levels + "]" * levels
    bench.write("a.jsonl", f'{{"id":1,"l":[[2]]}}\n{{"id":2,"l":{deep}}}\n')
    columns = {"id": "int64", "l": "list<list<int64>>"}
    bench.describe(
        source={"type": "jsonl", "path": "in", "columns": columns},
        contract={"on_error": "quarantine"},
    )
    assert bench.run().code == 0
    assert bench.table == [{"id": 1, "l": [[2]]}]
    (bad,) = bench.rejected
    reason = "l: not an int64" if levels == 33 else "l: nested too deeply"
    assert (bad["line"], bad["column"], bad["reason"]) == (2, "l", reason)


def test_the_limit_itself_is_read(bench):
    value = nested("list", MOST_LEVELS)
    bench.write("a.jsonl", f'{{"a":{value}}}\n')
    bench.describe(source={"type": "jsonl", "path": "in"}, contract={})
    result = bench.run()
    assert result.code == 0, result.err
    assert bench.table == [{"a": json.loads(value)}]


def test_a_type_may_be_named_no_deeper():
    assert parse_type("list<" * 32 + "int8" + ">" * 32).is_nested()
    with pytest.raises(ValueError, match="nested more than 32 levels deep"):
        parse_type("list<" * 100_000 + "int8" + ">" * 100_000)
