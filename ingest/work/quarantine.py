"""Rejected rows: where they stand in the input, why they were rejected, and what they were."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import field
from functools import partial
from typing import Any

import polars as pl

from ingest.checks.rules import RAW_PREFIX
from ingest.core import outcome
from ingest.core.dataclass import dataclass
from ingest.core.json_rows import Written, json_columns, json_objects
from ingest.core.outcome import Outcome
from ingest.core.partition import Partition
from ingest.core.private import REDACTED, redacted
from ingest.core.rows import POSITION, slice_of, visible
from ingest.core.types import Schema
from ingest.sources.base import Layout, Read, Rejects, Source, original_texts

QUARANTINE_SCHEMA: Schema = {
    "run_id": pl.String(),
    "partition": pl.String(),
    "file": pl.String(),
    "line": pl.Int64(),
    "step": pl.String(),
    "column": pl.String(),
    "reason": pl.String(),
    "reasons": pl.List(pl.String()),
    "original": pl.String(),
    "row": pl.String(),
    "source": pl.String(),
    "partly_published": pl.Boolean(),
}
"""The columns of every quarantine.

`line` counts from 1 within the file (rows, if the format has no lines). `reason` is the first
reason, `reasons` are all of them. `original` is the record as it is in the file (for Parquet as
JSON, see `core.json_rows`), `row` its values as JSON at the time of the rejection. In both, `***`
replaces values of private columns; an `original` that cannot be split into fields is `***` as a
whole. `source` is, as JSON, the source that reads `original`: what a job has under `source`,
without `path`; null if the original is redacted. `partly_published` says that a step made several
rows from the record and that some of them are in the output: reading the record again would
duplicate those. `file` and `line` are null for rows that a step made from several records.
"""

SOURCE = "source"
"""The step at which records are rejected that cannot be read as rows."""

EXAMPLES = 10
TOLD = 3
"""How many rows a message names."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Rows that one place of the flow rejected.

    `frame` has the position (or null), the column, the reasons, the values, and whether other rows
    of the same record were not rejected. `written` are the values, and each of them as JSON.
    """

    step: str
    frame: pl.DataFrame
    written: Mapping[str, Written] = field(default_factory=dict)

    @classmethod
    def of_rows(
        cls,
        step: str,
        rows: pl.DataFrame,
        column: pl.Series,
        reason: pl.Series,
        reasons: pl.Series,
        *,
        partly: pl.Series,
        hidden: Collection[str],
    ) -> "Rejected":
        """Take rows as they stood at a step, with why they were rejected.

        The values of `hidden` columns are not shown.
        """
        where = (
            rows[POSITION] if POSITION in rows.columns else pl.repeat(None, len(rows), eager=True)
        )
        values = redacted(as_read(rows), hidden)
        texts = json_columns(values)
        return cls(
            step,
            pl.DataFrame(
                {
                    "position": where.cast(pl.UInt64),
                    "column": column.cast(pl.String),
                    "reason": reason.cast(pl.String),
                    "reasons": reasons.cast(pl.List(pl.String)),
                    "row": json_objects(texts, values.height),
                    "partly_published": partly,
                }
            ),
            {name: Written(values[name], text) for name, text in texts.items()},
        )


def as_read(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the visible columns, with what stood in a column that the contract could not cast."""
    names = visible(rows.columns)
    raw = (RAW_PREFIX + name for name in names)
    return rows.select(
        pl.col(before).alias(name) if before in rows.columns else pl.col(name)
        for name, before in zip(names, raw, strict=True)
    )


def assemble(
    run_id: str,
    partition: Partition,
    *,
    source: Source,
    layout: Layout,
    read: Read | None,
    rejected: list[Rejected],
    hidden: frozenset[str],
    keep_original: bool = True,
) -> pl.DataFrame:
    """Return the quarantine's rows of one partition: unreadable records first, then by step.

    `read` is how it was read; without it, only `rejected` are told of.
    `hidden` are columns of the source whose values `original`s do not show.
    """
    locate = (read and read.locate) or partial(source.locate, partition, layout)
    parts = [_located(part, locate) for part in rejected if part.frame.height]
    if read and read.rejects and read.rejects.frame.height:
        parts.insert(0, _unread(read.rejects))
    if not parts:
        return pl.DataFrame(schema=QUARANTINE_SCHEMA)
    whole = pl.concat(parts, how="diagonal")
    uris = pl.Series([piece.uri for piece in partition.slices], dtype=pl.String)
    alone = uris[0] if len(set(uris)) == 1 else None
    file = pl.lit(uris).gather(slice_of(pl.col("position")))
    whole = whole.with_columns(
        run_id=pl.lit(run_id),
        partition=pl.lit(partition.id),
        file=pl.when(pl.col("position").is_null()).then(pl.lit(alone)).otherwise(file),
        source=_readers(whole, source, partition, layout),
    )
    if not keep_original:
        nothing = pl.lit(None, pl.String)
        whole = whole.with_columns(original=nothing, source=nothing)
    elif hidden:
        whole = _without(hidden, whole, source, partition, layout)
    return whole.select(pl.col(name).cast(kind) for name, kind in QUARANTINE_SCHEMA.items())


def examples(frame: pl.DataFrame) -> tuple[dict[str, Any], ...]:
    """Return the places of the first few rows, without their values, which may be private."""
    return tuple(frame.head(EXAMPLES).select("file", "line", "step", "column", "reason").to_dicts())


def by_reason(frame: pl.DataFrame) -> dict[str, int]:
    """Count the rows by reason."""
    counts = frame["reason"].value_counts(sort=True)
    return dict(zip(counts["reason"].to_list(), counts["count"].to_list(), strict=True))


def describe(outcome_examples: tuple[dict[str, Any], ...], count: int) -> str:
    """Say in one line per row where the first rejected rows are and why, then what can be done."""
    lines = places(outcome_examples)
    if count > len(lines):
        lines.append(f"... and {count - len(lines):,} more in this partition")
    return "\n".join(
        [*lines, "Fix the input, or quarantine such rows: contract.on_error=quarantine"]
    )


def places(outcome_examples: tuple[dict[str, Any], ...]) -> list[str]:
    """Say in one line per row where the first few are and why they were rejected."""
    return outcome.places(outcome_examples[:TOLD])


def _readers(
    whole: pl.DataFrame, source: Source, partition: Partition, layout: Layout
) -> pl.Series:
    """Return for each row, as JSON, the source that reads its original; null where it has none."""
    if whole["original"].null_count() == whole.height:
        return pl.repeat(None, whole.height, dtype=pl.String, eager=True)
    if len(partition.slices) == 1:
        reader = source.reader(partition.slices[0], layout)
        text = None if reader is None else json.dumps(reader, ensure_ascii=False)
        known = pl.when(pl.col("original").is_not_null())
        return whole.select(known.then(pl.lit(text, pl.String))).to_series()
    places = _slices(whole)
    readers = {
        place: json.dumps(reader, ensure_ascii=False)
        for place in places.drop_nulls().unique()
        if (reader := source.reader(partition.slices[place], layout)) is not None
    }
    return places.replace_strict(readers, default=None, return_dtype=pl.String)


def _slices(whole: pl.DataFrame) -> pl.Series:
    """Return for each row with an original the slice that it lies in."""
    known = pl.col("original").is_not_null()
    return whole.select(pl.when(known).then(slice_of(pl.col("position")))).to_series()


def _without(
    hidden: frozenset[str],
    whole: pl.DataFrame,
    source: Source,
    partition: Partition,
    layout: Layout,
) -> pl.DataFrame:
    """Redact originals; nothing reads again those that are, so that no `***` is taken for data.

    A record that could not be taken apart is not shown at all: nobody can tell its columns.
    """
    texts, places = whole["original"], _slices(whole)
    broken = whole.select((pl.col("step") == SOURCE) & pl.col("column").is_null()).to_series()
    shown = frozenset(layout.columns) - hidden
    found = texts.clone()  # `scatter` writes into it
    for place in places.drop_nulls().unique():
        here = ((places == place) & ~broken).fill_null(value=False).arg_true()
        piece = partition.slices[place]
        safe = source.redacted(piece, layout, texts.gather(here), shown)
        found = found.scatter(here, safe)
    found = found.set(broken & texts.is_not_null(), REDACTED)
    readers = whole["source"].set((found != texts).fill_null(value=False), None)
    return whole.with_columns(found.alias("original"), readers.alias("source"))


def _unread(rejects: Rejects) -> pl.DataFrame:
    named = pl.concat_str("column", "reason", separator=": ")
    return rejects.frame.with_columns(reason=pl.coalesce(named, "reason")).with_columns(
        step=pl.lit(SOURCE),
        reasons=pl.concat_list("reason"),
        row=pl.lit(None, dtype=pl.String),
        partly_published=pl.lit(value=False),
    )


def _located(part: Rejected, locate: Callable[[pl.Series], pl.DataFrame]) -> pl.DataFrame:
    frame = part.frame.with_columns(step=pl.lit(part.step))
    places = frame["position"].drop_nulls().unique().sort()
    if places.is_empty():
        blank = {"line": pl.lit(None, pl.Int64), "original": pl.lit(None, pl.String)}
        return frame.with_columns(**blank)
    found = locate(places)
    if frame["position"].equals(found["position"]):  # as most often: in order, each of a record
        original = original_texts(found["original"], part.written)
        return frame.hstack([found["line"], original])
    found = found.with_columns(original_texts(found["original"]))
    return frame.join(found, on="position", how="left", maintain_order="left")


__all__ = ["QUARANTINE_SCHEMA", "Outcome", "Rejected", "assemble", "by_reason", "describe"]
