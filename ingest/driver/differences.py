"""What differs between two runs: settings, code, versions, inputs, columns and row counts."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import polars as pl

from ingest.core.credentials import masked
from ingest.core.errors import ConfigError, FatalError
from ingest.driver.changes import changes
from ingest.driver.recorded import as_written
from ingest.job import Job
from ingest.records.plan_facts import plan_facts
from ingest.records.plans import Plan
from ingest.records.receipts import history_of
from ingest.records.runs import Runs
from ingest.storage.objects import Store

EXAMPLES = 20
"""How many inputs are named of each kind of difference."""
Page = dict[str, Any]
_FILES = {"uri": pl.String(), "size": pl.Int64(), "version": pl.String()}


def differences(store: Store, one: str, other: str) -> Page:
    """Compare two runs of a state as plain data: each part has what differs only.

    A part of which the records of one run are gone is named in `unknown` instead. In memory is a
    name for each input of both runs.

    Raises:
        ConfigError: there is no such run here, or its records were removed.
    """
    runs = Runs(store)
    facts = runs.facts(one), runs.facts(other)
    page: Page = {"runs": [one, other], "jobs": [each["job"] for each in facts]}
    page["code"] = dict(_changed(_code(facts[0]), _code(facts[1])))
    page["versions"] = dict(_changed(_versions(facts[0]), _versions(facts[1])))
    unknown = []
    for name, compare in (
        ("settings", _settings), ("inputs", _inputs), ("schema", _schema), ("rows", _rows)
    ):  # fmt: skip
        try:
            page[name] = compare(store, one, other)
        except FatalError as error:
            unknown.append(f"{name}: {error}")
    return {**page, "unknown": unknown}


def settings_since(store: Store, before: str, now: Job) -> list[str] | None:
    """Say which settings of a job are not as in an earlier run of it; None if nobody knows."""
    with suppress(ConfigError, FatalError):
        return _lines(as_written(Runs(store), before), now)
    return None


def _settings(store: Store, one: str, other: str) -> list[str]:
    runs = Runs(store)
    return _lines(as_written(runs, one), as_written(runs, other))


def _lines(then: Job, now: Job) -> list[str]:
    return [masked(change.told) for change in changes(then, now)]


def _code(facts: Mapping[str, Any]) -> dict[str, Any]:
    git = facts.get("git") or {}
    dirty = git.get("files") or ({"files": "uncommitted changes"} if git.get("dirty") else {})
    return {
        "repository": git.get("url", ""),
        "revision": git.get("revision", ""),
        **{f"uncommitted: {name}": digest for name, digest in dirty.items()},
    }


def _versions(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {"python": facts.get("python"), **facts.get("versions", {}),
            "platform": facts.get("platform")}  # fmt: skip


def _inputs(store: Store, one: str, other: str) -> Page:
    files = [
        pl.concat([pl.DataFrame(schema=_FILES), *Plan(store, run).files()]) for run in (one, other)
    ]
    both = files[0].join(files[1], on="uri", how="full", coalesce=True, suffix="_now")
    changed = (pl.col("size") != pl.col("size_now")) | (pl.col("version") != pl.col("version_now"))
    kinds = {
        "only in the first": pl.col("size_now").is_null(),
        "only in the second": pl.col("size").is_null(),
        "changed": changed,
    }
    page: Page = {}
    for name, which in kinds.items():
        names = both.filter(which.fill_null(value=False))["uri"].sort()
        if len(names):
            examples = [masked(uri) for uri in names[:EXAMPLES]]
            page[name] = {"files": len(names), "examples": examples}
    return page


def _schema(store: Store, one: str, other: str) -> Page:
    then, now = plan_facts(store, one), plan_facts(store, other)
    parts = {
        "columns read": _changed(then.input_schema, now.input_schema),
        "columns written": _changed(then.output_schema, now.output_schema),
    }
    return {name: page for name, found in parts.items() if (page := dict(found))}


def _rows(store: Store, one: str, other: str) -> Page:
    totals = [history_of(store, run).totals for run in (one, other)]
    reasons = [
        {f"rejected, {reason}": count for reason, count in each.errors.items()} for each in totals
    ]
    return dict(_changed({**totals[0].summary, **reasons[0]}, {**totals[1].summary, **reasons[1]}))


def _changed(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    """Yield what is different by its name, with both values; None for what is not there."""
    for name in {**was, **now}:
        if was.get(name) != now.get(name):
            yield name, [was.get(name), now.get(name)]
