"""Writing a job file from what was found: every option that matters, each with its reason."""

from collections.abc import Iterator
from datetime import datetime

from ingest.sniffing.checks import Suggestion, never_null, suggest
from ingest.sniffing.columns import Column
from ingest.sniffing.table import Table, formats
from ingest.sniffing.writing import WIDTH, flow, key, scalar

_NAMES = {"csv": "CSV", "jsonl": "JSON Lines", "parquet": "Parquet"}


def job_text(table: Table, name: str, owner: str) -> str:
    """Return the text of a job that publishes a table as Parquet under `data/<name>`."""
    kind, count = _NAMES[table.listing.type], len(table.listing.files)
    what = f"{count:,} {kind} {'file' if count == 1 else 'files'}, {table.summary}"
    return "\n".join(
        [
            "# @package _global_",
            "# Written by `ingest init` from a sample. It is yours now: mend what you know better.",
            f"name: {name}",
            f"owner: {scalar(owner)}",
            f"description: {scalar(f'Publishes {table.listing.path} ({what}) as Parquet.')}",
            *_source(table),
            *_transforms(table),
            *_contract(table, name),
            "sink:",
            "  type: parquet",
            f"  path: data/{name}",
            "  write_disposition: overwrite  # each run replaces what the one before has published",
            "",
        ]
    )


def _source(table: Table) -> Iterator[str]:
    yield "source:"
    yield f"  type: {table.listing.type}"
    yield f"  path: {scalar(table.listing.path)}"
    for name, option in table.options.items():
        yield from _entry("  ", name, option.value, option.why)


def _transforms(table: Table) -> Iterator[str]:
    """Write the steps that make of texts what the source cannot."""
    numbers = {one.name: _number_of(one) for one in table.columns if one.kind.decimal}
    dates = formats(table.columns) if table.listing.type != "csv" else {}
    if not numbers and not dates:
        yield "transforms: []  # steps before the contract: filter, derive, rename, ..."
        return
    yield "transforms:"
    if dates:
        yield "  - type: cast  # how dates and times are written"
        yield from _entry("    ", "columns", dates)
    if numbers:
        yield "  - type: derive  # numbers as people write them, 1.234,50 or 1,234.50"
        yield from _entry("    ", "columns", numbers)


def _contract(table: Table, name: str) -> Iterator[str]:
    yield "contract:"
    yield "  columns:"
    for column in table.columns:
        if column.note:
            yield f"    # {column.note}"
        facts = {
            "type": column.type,
            "nullable": not never_null(column),
            "description": _facts(column),
        }
        yield from _entry("    ", column.name, facts)
    yield from _checks(suggest(table.columns))
    yield f"  on_error: quarantine  # bad rows go to data/{name}_quarantine, with place and reason"
    yield f"  max_error_ratio: {table.budget:g}  # with more, nothing is published"
    yield "  min_records: 100  # of fewer records no share is taken"


def _checks(suggestions: list[Suggestion]) -> Iterator[str]:
    sure = any(one.sure for one in suggestions)
    yield "  checks:" if sure else "  checks: []"
    for one in suggestions:
        start = "    - " if one.sure else "    # - "
        line = f"{start}{flow(one.check)}"
        if len(line) + len(one.why) + 4 > WIDTH:
            yield f"    # {one.why}"
            yield line
        else:
            yield f"{line}  # {one.why}"


def _entry(indent: str, name: str, value: object, why: str = "") -> Iterator[str]:
    """Write a key with its value: on one line if there is room, else nested."""
    line = f"{indent}{key(name)}: {flow(value)}"
    if why and len(line) + len(why) + 4 > WIDTH:
        yield f"{indent}# {why}"
        why = ""
    if len(line) <= WIDTH or not isinstance(value, dict):
        yield f"{line}  # {why}" if why else line
        return
    yield f"{indent}{key(name)}:" + (f"  # {why}" if why else "")
    for inner, one in value.items():
        yield from _entry(f"{indent}  ", inner, one)


def _number_of(column: Column) -> str:
    """Return the expression that reads a number with its own signs for thousands and fraction."""
    quoted = '"' + column.name.replace('"', '""') + '"'
    if column.nulls:  # an empty text in quotes is no null to the source
        quoted = f"NULLIF({quoted}, '')"
    if column.kind.decimal == ",":
        return f"CAST(REPLACE(REPLACE({quoted}, '.', ''), ',', '.') AS DOUBLE)"
    return f"CAST(REPLACE({quoted}, ',', '') AS DOUBLE)"


def _facts(column: Column) -> str:
    """Say what the sample shows of a column, for its author to replace by what it means."""
    if column.rows == column.nulls:
        return "no value in the sample"
    if column.least is not None and column.least == column.most:
        seen = f"always {_short(column.least)}"
    elif column.least is not None:
        seen = f"{_short(column.least)} to {_short(column.most)}"
    elif column.unique:
        seen = "each value once"
    else:
        seen = "one value" if len(column.values) == 1 else f"{len(column.values) or 'many'} values"
    nulls = f"{column.nulls:,} of {column.rows:,} null" if column.nulls else "no nulls"
    return f"In the sample: {seen}, {nulls}."


def _short(value: object) -> str:
    return f"{value:%Y-%m-%d}" if isinstance(value, datetime) else str(value)
