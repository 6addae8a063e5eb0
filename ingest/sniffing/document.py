"""Writing a job file from what was found: every option that matters, each with its reason."""

from collections.abc import Iterator
from datetime import datetime

from ingest.core.counts import counted
from ingest.sniffing.checks import suggest
from ingest.sniffing.columns import Column
from ingest.sniffing.table import Table
from ingest.sniffing.writing import LONGEST_KEY, WIDTH, comment, flow, key, scalar


def job_text(table: Table, name: str, owner: str) -> str:
    """Return the text of a job that publishes a table as Parquet under `data/<name>`."""
    kind, count = table.listing.label, len(table.listing.files)
    what = f"{counted(count, f'{kind} file')}, {table.summary}"
    return "\n".join(
        [
            "# @package _global_",
            "# Written by `ingest init` from a sample. Review it, and change what you know better.",
            f"name: {name}",
            f"owner: {scalar(owner)}",
            f"description: {scalar(f'Publishes {table.listing.path} ({what}) as Parquet.')}",
            *_source(table),
            *_transforms(table),
            *_contract(table, name),
            "sink:",
            "  type: parquet",
            f"  path: data/{name}",
            "  write_disposition: overwrite  # each run replaces all rows in the folder",
            "",
        ]
    )


def _source(table: Table) -> Iterator[str]:
    yield "source:"
    yield f"  type: {table.listing.type}"
    yield f"  path: {scalar(table.listing.path)}"
    for doubt in table.doubts:
        yield from comment("  ", f"not sure: {doubt}")
    for name, option in table.options.items():
        yield from _entry("  ", name, option.value, option.why)


def _transforms(table: Table) -> Iterator[str]:
    """Write the steps that make of texts what the source cannot."""
    if not table.casts:
        yield "transforms: []  # steps that change rows: filter, derive, rename, ..."
        return
    yield "transforms:"
    yield "  - type: cast  # the format of text"
    yield from _entry("    ", "columns", table.casts)


def _contract(table: Table, name: str) -> Iterator[str]:
    yield "contract:"
    if any(column.private for column in table.columns):
        yield (
            "  # pii marks personal data: values are written to the output, and replaced by *** in "
            "the quarantine, logs and errors."
        )
        yield "  # pii is a guess from the sample: remove or add it where you know better."
    yield "  columns:"
    for column in table.columns:
        if column.note:
            yield from comment("    ", f"{column.name}: {column.note}")
        if column.private:
            yield from comment("    ", f"{column.name}: personal data? {column.private}")
        marked = {"pii": True} if column.private else {}
        told = {"type": column.type, **marked, "description": _facts(column)}
        yield from _entry("    ", column.name, told)
    yield from _checks(table)
    where = f"data/{name}_quarantine, with file, line and reason"
    yield f"  on_error: quarantine  # bad rows go to {where}"
    limit = "with a larger share of bad records, nothing is published"
    if table.budget == 1:
        limit = "1 means no limit; lower it"
    yield f"  max_error_ratio: {table.budget:g}  # {limit}"
    yield "  min_records: 100  # with fewer records in all, max_error_ratio does not apply"


def _checks(table: Table) -> Iterator[str]:
    """Write what the sample suggests as comments: none of it may hold for the next file."""
    suggestions = suggest(table.columns)
    if not suggestions:
        yield "  checks: []"
        return
    yield (
        "  # the sample passes these checks, but the next file may not: uncomment the checks that "
        "you know to be true"
    )
    yield "  # checks:"
    for one in suggestions:
        yield from comment("  ", f"# {one.why}", indent=4, whole=True)
        yield from comment("  ", f"- {flow(one.check)}", indent=4, whole=True)


def _entry(indent: str, name: str, value: object, why: str = "") -> Iterator[str]:
    """Write a key with its value: on one line if there is room, else nested."""
    start = f"{indent}{key(name)}:"
    if len(start) > LONGEST_KEY:  # longer keys YAML takes only so
        yield f"{indent}? {key(name)}"
        start = f"{indent}:"
    line = f"{start} {flow(value)}"
    if why and len(line) + len(why) + 4 > WIDTH:
        yield from comment(indent, why)
        why = ""
    if len(line) <= WIDTH or not isinstance(value, dict) or len(start) == len(indent) + 1:
        yield f"{line}  # {why}" if why else line
        return
    yield start + (f"  # {why}" if why else "")
    for inner, one in value.items():
        yield from _entry(f"{indent}  ", inner, one)


def _facts(column: Column) -> str:
    """Say what the sample shows of a column, for its author to replace by what it means."""
    if column.rows == column.nulls:
        return "no value in the sample"
    if column.least is not None and column.least == column.most:
        seen = f"always {_short(column.least)}"
    elif column.least is not None:
        seen = f"{_short(column.least)} to {_short(column.most)}"
    elif column.unique:
        seen = "all values distinct"
    else:
        seen = "one value" if len(column.values) == 1 else f"{len(column.values) or 'many'} values"
    nulls = f"{column.nulls:,} of {column.rows:,} null" if column.nulls else "no nulls"
    return f"In the sample: {seen}, {nulls}."


def _short(value: object) -> str:
    return f"{value:%Y-%m-%d}" if isinstance(value, datetime) else str(value)
