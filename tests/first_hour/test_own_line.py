"""What is wrong with a part of a job is told with the line where that was written."""

import pytest

from ingest import __main__ as console

JOB = """# @package _global_
# A job for a test.
name: small
owner: me@example.org
description: For a test.
source:
  type: csv
  path: in.csv
transforms:
  - type: filter
    where: n <> 3
contract:
  columns:
    n: int64
    name: string
  checks:
    - {type: not_null, columns: [n]}
sink:
  type: parquet
  write_disposition: overwrite
  partition_by: [n]
  path: out
cluster: {type: inline}
"""
STEPS = "  - type: filter\n    where: n <> 3"


@pytest.fixture
def planned(tmp_path, monkeypatch, capsys):
    """Return a function that changes the job in one place, plans it, and returns what is told."""
    (tmp_path / "conf/job").mkdir(parents=True)
    (tmp_path / "in.csv").write_text("n,name\n1,a\n")
    monkeypatch.chdir(tmp_path)

    def plan(old="", new="", *, code=2):
        (tmp_path / "conf/job/small.yaml").write_text(JOB.replace(old, new, 1))
        assert console.main(["plan", "small"]) == code
        printed = capsys.readouterr()
        return printed.err if code else printed.out

    return plan


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "    name: string",
            "    nam: string",
            'small.yaml:15: contract.columns.nam: no such column "nam"',
        ),
        ("[n]}", "[m]}", "small.yaml:17: contract.checks[0]: not_null: columns: no such"),
        ("partition_by: [n]", "partition_by: [m]", "small.yaml:21: sink.partition_by: "),
        ("path: out", "path: in.csv", "small.yaml:22: sink.path: "),
        ("path: in.csv", "path: im.csv", "small.yaml:8: source.path: "),
        ("n <> 3", "m <> 3", "small.yaml:11: transforms[0]: filter: where: no such column"),
        (
            STEPS,
            '  - type: extract\n    column: name\n    pattern: "["',
            'small.yaml:12: transforms[0].pattern: "[" is not a regular expression',
        ),
        (
            STEPS,
            "  - {type: join}",
            'small.yaml:10: transforms[0].type: no such type "join". Write',
        ),
        (
            STEPS,
            "  - type: deduplicate",
            "small.yaml:10: transforms[0].within: required, but not set. Add within: partition. ",
        ),
        (
            "type: not_null",
            "type: unique",
            '17: contract.checks[0].type: no such type "unique". Wr',
        ),
    ],
)
def test_the_line_is_that_of_the_mistake(planned, old, new, said):
    assert said in planned(old, new)


def test_plan_says_what_a_query_sees_and_what_a_column_becomes(planned):
    step = '  - {type: sql, query: "SELECT n, max(name) AS name FROM input GROUP BY n"}'
    told = planned(STEPS, step, code=0)
    assert "  transforms[0]: sql: GROUP BY, ORDER BY, DISTINCT, LIMIT, aggregates" in told
    told = planned(STEPS, "  - {type: fill_null, columns: {n: x}}", code=0)
    assert "  n     string  read as string; int64 in the contract\n" in told
    assert "transforms[0]" not in told
