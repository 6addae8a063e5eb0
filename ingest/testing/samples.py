"""Testing jobs by their samples: does `sample/` give what is in `expected/`, and what differs.

`ingest test` prints it, and `tests/jobs` asserts it.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ingest.core.counts import counted
from ingest.core.dataclass import dataclass
from ingest.core.private import REDACTED
from ingest.sniffing.synthetic import invented
from ingest.testing.golden import private_columns, read_golden, work_sample, write_lines

ROWS_SHOWN = 3
"""How many rows are shown that only one side has, of each side."""
MOST_COMPARED = 200
"""Among how many rows the one is looked for that a missing row may have become."""
LONGEST_SHOWN = 160

Lines = Mapping[str, Sequence[str]]
"""By output (`rows`, `quarantine`): the column names as JSON, then the values of each row."""
Hidden = Mapping[str, frozenset[str]]
"""By output: the columns whose values are not shown."""


@dataclass(frozen=True, slots=True)
class SampleResult:
    """What a job's sample came to. It is as expected if there are no `differences`.

    `rows` and `rejected` are how many came out; `differences` are lines for a person. `real` are
    private columns whose values were written to `expected/` and do not look invented.
    """

    rows: int
    rejected: int
    differences: tuple[str, ...] = ()
    real: tuple[str, ...] = ()


def folder_of(job: str) -> Path:
    """Return where a job's sample and its expected rows lie, from the folder of the command."""
    return Path("jobs") / job


def has_sample(job: str) -> bool:
    """Say whether there is anything to work a job over."""
    return any(path.is_file() for path in (folder_of(job) / "sample").rglob("*"))


def check_sample(job: str, conf: Path | None = None, *, update: bool = False) -> SampleResult:
    """Work a job over its sample in a temporary place, and compare what comes out.

    With `update`, what came out is what is expected from now on. Nothing else is written: neither
    the job's state nor its outputs are touched.

    Raises:
        IngestError: the job is wrong, or its run over the sample fails.
    """
    lines = work_sample(job, conf)
    counts = {output: max(0, len(texts) - 1) for output, texts in lines.items()}
    rows, rejected = counts["rows"], counts["quarantine"]
    expected = lines if update else read_golden(job)
    if update:
        write_lines(folder_of(job) / "expected", lines)
    elif expected == lines:
        return SampleResult(rows, rejected)
    private = private_columns(job, conf)
    if update:
        return SampleResult(rows, rejected, real=tuple(_real(lines, private)))
    return SampleResult(rows, rejected, tuple(compared(expected, lines, private)))


def _real(lines: Lines, private: Hidden) -> Iterator[str]:
    """Yield the private columns that have values which nobody made up."""
    for output, names in private.items():
        columns, *rows = map(json.loads, lines.get(output) or ["[]"])
        for place, name in enumerate(columns):
            if name in names and not all(invented(row[place]) for row in rows):
                yield name


def compared(expected: Lines, now: Lines, private: Hidden) -> Iterator[str]:
    """Say what differs between what is expected and what came out, an output at a time.

    Values of `private` columns are compared, and not shown.
    """
    for output, texts in now.items():
        if output not in expected and not texts and expected:
            continue
        if output not in expected:
            yield f"{output}: there are no expected rows yet: expected/{output}.jsonl is missing"
        elif list(expected[output]) != list(texts):
            hidden = private.get(output, frozenset())
            yield from _differing(output, _table(expected[output]), _table(texts), hidden)


@dataclass(frozen=True, slots=True)
class _Table:
    """Columns and rows of one side; equal rows are counted."""

    columns: tuple[str, ...]
    rows: Counter[str]


def _table(lines: Sequence[str]) -> _Table:
    if not lines:
        return _Table((), Counter())
    return _Table(tuple(json.loads(lines[0])), Counter(lines[1:]))


def _differing(output: str, expected: _Table, now: _Table, hidden: frozenset[str]) -> Iterator[str]:
    counts = f"{counted(expected.rows.total(), 'row')} expected, but got {now.rows.total():,}"
    if expected.rows.total() == now.rows.total():
        counts = f"{counted(now.rows.total(), 'row')}, as many as expected"
    yield f"{output}: {counts}"
    if expected.columns and now.columns and expected.columns != now.columns:
        yield from _columns(expected.columns, now.columns)
        return  # every row differs then, and says no more than this
    columns = now.columns or expected.columns
    missing = sorted((expected.rows - now.rows).elements())
    extra = sorted((now.rows - expected.rows).elements())
    counts = f"  {len(missing):,} expected rows are missing (-), {len(extra):,} are new (+)"
    for line, other in _pairs(missing, extra[:MOST_COMPARED]):
        yield f"  - {_short(line, columns, hidden)}"
        if other:
            yield f"  + {_short(other, columns, hidden)}"
            yield f"    differs in: {', '.join(_names(now.columns, line, other))}"
            extra.remove(other)
    rest = extra[: max(0, ROWS_SHOWN - len(missing))]
    yield from (f"  + {_short(line, columns, hidden)}" for line in rest)
    yield counts


def _columns(expected: Sequence[str], now: Sequence[str]) -> Iterator[str]:
    gone = [name for name in expected if name not in now]
    new = [name for name in now if name not in expected]
    if gone:
        yield f"  missing columns: {', '.join(gone)}"
    if new:
        yield f"  new columns: {', '.join(new)}"
    if not gone and not new:
        yield f"  the columns are in another order: {', '.join(now)}"


def _pairs(missing: Sequence[str], extra: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the first missing rows, each with the new row that it most likely has become."""
    left = list(extra)
    for line in missing[:ROWS_SHOWN]:
        near = max(left, key=lambda other: _equal(line, other), default="")
        if near and 2 * _equal(line, near) >= len(json.loads(line)):
            left.remove(near)
            yield line, near
        else:
            yield line, ""


def _equal(line: str, other: str) -> int:
    return sum(a == b for a, b in zip(json.loads(line), json.loads(other), strict=True))


def _names(columns: Sequence[str], line: str, other: str) -> list[str]:
    values: Iterator[tuple[str, Any, Any]] = zip(
        columns, json.loads(line), json.loads(other), strict=True
    )
    return [name for name, one, two in values if one != two]


def _short(line: str, columns: Sequence[str], hidden: frozenset[str]) -> str:
    if not hidden.isdisjoint(columns):
        values = dict(zip(columns, json.loads(line), strict=False))
        shown = [
            REDACTED if name in hidden and value is not None else value
            for name, value in values.items()
        ]
        line = json.dumps(shown, ensure_ascii=False)
    return line if len(line) <= LONGEST_SHOWN else f"{line[:LONGEST_SHOWN]}…"
