"""sql: one SELECT over a partition, and nothing else."""

import polars as pl
import pytest

from ingest.core.errors import ConfigError
from ingest.core.rows import POSITION
from ingest.transforms.base import StepContext
from ingest.transforms.sql import Sql

ROWS = pl.LazyFrame({"k": ["a", "b", "a"], "v": [1, 2, 3], POSITION: [0, 1, 2]})


def run(query: str) -> pl.DataFrame:
    return Sql(type="sql", query=query).apply(ROWS, StepContext()).collect()


def test_a_query_replaces_the_rows():
    found = run(
        "WITH t AS (SELECT * FROM input) SELECT k, sum(v) AS s FROM t GROUP BY k ORDER BY k"
    )
    assert found.rows() == [("a", 4), ("b", 2)]


def test_hidden_columns_are_not_shown_to_it():
    assert run("SELECT * FROM input").columns == ["k", "v"]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELECT * FROM read_csv('/etc/passwd')", '"read_csv" reads a file'),
        ("SELECT * FROM \"read_csv\" ('/etc/passwd')", '"read_csv" reads a file'),
        ("SELECT * FROM input WHERE v IN (SELECT a FROM Read_Parquet/**/('x'))", "reads a file"),
        ("SELECT * FROM '/etc/passwd'", "query: "),
        ("SELECT * FROM other", 'query: there is no table "other". The rows are the table input'),
        ("SELECT w FROM input", "query: no such column"),
        ("SELECT 1; SELECT 2", "query: "),
        ("DROP TABLE input", 'query: it begins with "DROP"'),
        ("CREATE TABLE x AS SELECT * FROM input", 'query: it begins with "CREATE"'),
        ("DELETE FROM input", 'query: it begins with "DELETE"'),
        ("SELECT CURRENT_TIMESTAMP AS n FROM input", "would give a different value"),
        ("SELECT random() FROM input", "would give a different value"),
        ("SELECT v AS __ingest_reject FROM input", "are reserved"),
        ("", "query: it begins with"),
        ("SELECT 'abc", "not closed"),
    ],
)
def test_it_reaches_nothing_but_its_rows(query, reason):
    with pytest.raises(ConfigError) as caught:
        run(query)
    assert reason in str(caught.value)
