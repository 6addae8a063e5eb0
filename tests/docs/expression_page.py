"""The reference page of expressions, made of their catalogue."""

from itertools import groupby

import ingest.expressions.functions
from ingest.expressions.catalogue import FUNCTIONS, Function

INTRODUCTION = """\
# Expressions
<!-- generated from the code: pytest tests/docs --update-golden -->
`filter.where`, the values of `derive.columns`, the check `expression` and a source's `where` are
SQL scalar expressions. An expression is computed from one row, and checked against the columns
before anything runs.

```sql
dep_time IS NOT NULL AND carrier IN ('UA', 'AA')
distance * 1.609344 / (air_time / 60.0)
CASE WHEN s ~ '^[0-9]+$' THEN CAST(s AS int64) END
```

## Syntax
- Column names are case-sensitive. Put a name in double quotes if it contains other characters than
  letters, digits and `_`, or is a SQL keyword (`"dep time"`). Text is in single quotes; `''` is
  one quote.
- `st.x` or `st['x']` is a field of a struct, `l[1]` the first element of a list, `l[-1]` the last.
- Constants: `1`, `1.5`, `'text'`, `TRUE`, `NULL`, `DATE '2013-05-17'`, `TIME '14:25'`,
  `TIMESTAMP '2013-05-17 14:25:36'`, `INTERVAL '1 day 2 hours'`.
- Operators, in order of precedence: `::` `.` `[ ]`; sign; `AT TIME ZONE`; `* / // %`;
  `+ -`; `||`; `LIKE ILIKE ~ ~* !~ !~* IN BETWEEN`; `= <> != < <= > >=`; `IS [NOT] NULL | TRUE |
  FALSE | DISTINCT FROM`; `NOT`; `AND`; `OR`.
- `CASE`, `IF(c, a, b)`, `COALESCE`, `IFNULL`, `CAST(x AS type)`, `x::type`, `TRY_CAST(x AS type)`,
  `EXTRACT(year FROM t)`. Types are those of `contract.columns`, and SQL's `int bigint smallint
  tinyint real double varchar text bool timestamptz numeric(p, s)`. `int8` has 8 bits.
- Comments are `-- to the end of the line` and `/* ... */`.

## Semantics
- **Null** works as in SQL: a comparison with null is null, `AND`, `OR` and `NOT` have three values,
  and a filter keeps the rows for which its condition is true.
- **A row that cannot be computed is rejected** with the column and the reason, and the contract's
  `on_error` says what happens to it. Examples: a `CAST` of text that is not a number, an integer
  divided by zero with `//` or `%`, a sum beyond int64, a time of day that a clock change skips. The
  result is never silently null, and one bad row never fails the other rows. `TRY_CAST` and
  `strptime` return null instead. A branch of `CASE`, `COALESCE`, `AND` or `OR` that is not taken
  rejects nothing.
- **Types are strict**: a number cannot be compared with text or added to it. A constant text next
  to a date column is read as a date: `d >= '2013-01-01'`.
- **`/` always returns float64** (`7 / 2` is 3.5, as in DuckDB); division by zero gives infinity or
  NaN. `//` truncates to a whole number, `%` has the sign of its first operand (`-7 % 3` is -1).
- **Integers** are added, subtracted and multiplied exactly; the result is int64. `1.5` is a
  float64, but next to a decimal column it is an exact decimal; products of decimals keep up to 18
  digits after the point. NaN equals itself and is larger than any number.
- **CAST loses precision where the type requires it**, as in SQL. To a whole number or decimal it
  rounds, halves away from zero; to a float it returns the nearest one; it truncates fractions of a
  second and times of day; text without a zone is read as local time in the type's zone. A value out
  of range cannot be cast. The step `cast` and the contract never lose precision.
- `date + 1` and `date + INTERVAL '1 month'` are dates (the last day of the month if there is no
  such day), `date + INTERVAL '2 hours'` is a timestamp, `date - date` is a number of days,
  `timestamp - timestamp` is a duration: `epoch(t2 - t1)` is its number of seconds.
- `t AT TIME ZONE 'Europe/Paris'` interprets a timestamp without a zone as local time there (if an
  hour occurs twice, as the second one), and shows a timestamp with a zone in local time there, as
  in PostgreSQL.

## Not supported
Expressions that cannot be computed again from the row alone: aggregates (`sum`, `count`, ...),
windows (`OVER`), subqueries and `unnest` (use a step of type `sql`, `lookup` or `explode`), and
`now()`, `current_date`, `random()` (a partition that is tried again must give the same rows: use
`add_metadata`, `hash` or `sample`).

## Functions
An argument written as `'kind'` must be a constant. Arguments in `[ ]` are optional, `...` repeats.
If an argument is null, the result is null, unless documented otherwise.
"""

HEAD = "| function | result | example |\n|---|---|---|\n"


def expressions() -> str:
    """Return the page."""
    parts = [INTRODUCTION]
    for topic, entries in groupby(_entries(), key=lambda entry: entry.topic):
        parts.append(f"\n### {topic.capitalize()}\n\n{HEAD}")
        parts.extend(_row(entry) for entry in entries)
    return "".join(parts)


def _entries() -> list[Function]:
    assert ingest.expressions.functions.__all__, "importing them fills the catalogue"
    by_name = {entry.name: entry for entry in FUNCTIONS.values()}
    return sorted(by_name.values(), key=lambda entry: (entry.topic, entry.name))


def _row(entry: Function) -> str:
    names = sorted(name for name, each in FUNCTIONS.items() if each is entry)
    others = ", ".join(f"`{name}`" for name in names if name != entry.name)
    meaning = f"{entry.meaning} Also: {others}." if others else entry.meaning
    cells = (f"`{entry.signature}`", meaning, f"`{entry.example}` → `{entry.gives}`")
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"
