"""Files as they are in the wild are read right, rejected or refused; none is silently wrong."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from ingest.core.errors import ConfigError
from ingest.sources.csv import Csv
from ingest.testing.sources import pack, plan, records_of, rows_of
from tests.faults.pollock import NAMES, ROWS, Case, cases

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "dialects.md"
CASES = list(cases())
CUT_BYTES = 100

Outcome = tuple[list[str], list[tuple[Any, ...]], list[tuple[int, str]]]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.group}: {case.what}"[:60])
def test_what_comes_of_a_file(case: Case, tmp_path: Path) -> None:
    source = written(case, tmp_path)
    if case.refused:
        with pytest.raises((ConfigError, ValueError), match=case.refused):
            plan(Csv(type="csv", **source))
        return
    names, rows, rejects = outcome(Csv(type="csv", **source))
    assert names == list(case.names)
    assert [[str("" if text is None else text) for text in row] for row in rows] == [
        list(row) for row in case.rows
    ]
    assert rejects == list(case.rejects)


def test_nothing_is_silently_wrong() -> None:
    """Whatever a file is like, its rows are those of the clean table, or it is said why not."""
    clean = {tuple(row) for row in ROWS}
    odd = [case for case in CASES if not {tuple(row) for row in case.rows} <= clean]
    own = {"File", "Header", "Line end"}  # tables of their own
    assert all(case.note or case.group in own for case in odd), [case.what for case in odd]


def test_most_is_right_and_the_rest_is_loud() -> None:
    counts = Counter(verdict(case) for case in CASES)
    assert set(counts) == {"right", "rejected", "refused"}
    assert counts["right"] > len(CASES) / 2


def test_the_page_is_up_to_date(request: pytest.FixtureRequest) -> None:
    text = "\n".join(page()) + "\n"
    if request.config.getoption("--update-golden"):
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text, (
        "write it anew: pytest tests/faults/test_pollock.py --update-golden"
    )


def written(case: Case, folder: Path) -> dict[str, Any]:
    """Write a file and return the options of a source that reads it."""
    path = folder / case.name
    path.write_bytes(case.data)
    return {"path": str(path), **case.options}


def outcome(source: Csv) -> Outcome:
    """Read a file, which must give the same however it is cut."""
    partition, layout = plan(source)
    found = source.read(partition, layout)
    size = sum(piece.size for piece in partition.slices)
    cut = pack(list(source.slices(max(CUT_BYTES, size // 50))))
    assert records_of(source, cut, layout) == records_of(source, partition, layout)
    rows = rows_of(found)
    bad: list[tuple[int, str]] = []
    if found.rejects is not None:
        bad = found.rejects.frame.select("line", "reason").rows()
    return rows.columns, rows.with_columns(pl.all().cast(pl.String)).rows(), bad


def verdict(case: Case) -> str:
    """Say in a word what comes of a file."""
    return "refused" if case.refused else "rejected" if case.rejects else "right"


def page() -> Iterator[str]:
    """Yield the lines of the page about files of all kinds."""
    yield "# Dialects of CSV"
    yield "<!-- generated: pytest tests/faults/test_pollock.py --update-golden -->"
    yield ""
    yield from INTRODUCTION.strip().splitlines()
    for group in dict.fromkeys(case.group for case in CASES):
        yield f"\n## {group}\n"
        yield "| file | options | result |"
        yield "|---|---|---|"
        seen = set()
        for case in CASES:
            cells = (case.what, options(case), said(case))
            row = "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
            if case.group == group and row not in seen:
                yield row
            seen.add(row)


INTRODUCTION = """
How to describe files that are not clean CSV, and what happens to them. Each row of the tables is a
kind of file that was read with these options. The kinds are those of the benchmark Pollock
(Vitagliano et al., PVLDB 16, 2023), and some more. The options are documented in
[Sources](sources.md#csv).

- **right**: every row is read as intended.
- **rejected**: the named lines are rejected with a reason, and all others are right. The contract's
  [`on_error`](job.md#contract) says what happens to rejected lines.
- **refused**: nothing is read, and the error says what to write.

A run never guesses options. `ingest init` inspects the files and writes the options into the job.
"""


def options(case: Case) -> str:
    """Return the options as they are written in YAML."""
    if not case.options:
        return ""
    text = yaml.safe_dump(
        case.options, default_flow_style=True, sort_keys=False, width=1000, allow_unicode=True
    )
    shown = text.strip()[1:-1].replace(", ".join(NAMES), "date, …")
    return f"`{shown}`"


def said(case: Case) -> str:
    """Say what happens to a file."""
    if case.refused:
        text = f'refused: "{case.refused}"'
    elif case.rejects:
        reasons: dict[str, list[int]] = {}
        for number, reason in case.rejects:
            reasons.setdefault(reason, []).append(number)
        parts = [
            f"line{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}: {reason}"
            for reason, numbers in reasons.items()
        ]
        text = f"rejected: {'; '.join(parts)}"
    else:
        text = "right"
    return f"{text}; {case.note}" if case.note else text
