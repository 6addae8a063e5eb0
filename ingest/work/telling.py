"""The values that break a contract, for the message of a run that fails on the first of them.

A value is shown short and quoted, and not at all where it may be private.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.errors import IngestError
from ingest.core.partition import Partition
from ingest.core.private import REDACTED
from ingest.core.rows import POSITION
from ingest.sources.base import Layout, Rejects, Source

LONGEST = 40  # characters of a value that are shown


@dataclass(frozen=True, slots=True)
class Teller:
    """Finds the values to blame in one partition.

    Columns of the source that are `hidden` are not shown; if there are any, neither are fields that
    no column stands for. In rows, such values are redacted already.
    """

    source: Source
    layout: Layout
    partition: Partition
    hidden: frozenset[str]

    def values(self, bad: pl.DataFrame, rejects: Rejects | None) -> list[str]:
        """Return for each of the first quarantined rows the value to blame; empty for none.

        Records that the source rejected come first in `bad`, in the order of `rejects`.
        """
        unread = pl.DataFrame() if rejects is None else rejects.frame.head(bad.height)
        read = self._unread(unread) if unread.height else []
        rows = bad[unread.height :].iter_rows(named=True)
        return read + [self._in_row(row) for row in rows]

    def _unread(self, unread: pl.DataFrame) -> list[str]:
        blamed, known = set(unread["column"].drop_nulls()), self.layout.columns.keys()
        if self.hidden:
            blamed = (blamed & known) - self.hidden
        texts = self._read_again(unread["position"], sorted(blamed & known))
        return [
            _shown(texts.get((row["position"], row["column"])) or _in_record(row))
            if row["column"] in blamed
            else ""
            for row in unread.iter_rows(named=True)
        ]

    def _in_row(self, row: dict[str, Any]) -> str:
        value = json.loads(row["row"] or "{}").get(row["column"])
        return "" if value == REDACTED else _shown(value)

    def _read_again(self, positions: pl.Series, names: Sequence[str]) -> dict[tuple[int, str], str]:
        """Return the texts that stand in columns of a few records, as far as they can be read."""
        if not names:
            return {}
        texts = {**self.layout.columns, **dict.fromkeys(names, pl.String())}
        plain = self.source
        if declared := getattr(plain, "columns", None):  # a form, of a date say, is none of a text
            kept = {name: form for name, form in declared.items() if name not in names}
            plain = plain.model_copy(update={"columns": kept})
        try:
            read = plain.read(self.partition, replace(self.layout, columns=texts)).frame
            rows = read.filter(pl.col(POSITION).is_in(positions.implode())).collect()
        except (IngestError, pl.exceptions.PolarsError):
            return {}  # the message goes without
        return {
            (row[POSITION], name): row[name] for row in rows.iter_rows(named=True) for name in names
        }


def _in_record(row: dict[str, Any]) -> Any:
    """Return what a record of JSON has under the key to blame."""
    try:
        record = json.loads(row["original"] or "")
    except ValueError:
        return None
    return record.get(row["column"]) if isinstance(record, dict) else None


def _shown(value: Any) -> str:
    if value is None or isinstance(value, list | dict):
        return ""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def joined(rows: Sequence[dict[str, Any]], values: Sequence[str]) -> tuple[dict[str, Any], ...]:
    """Return examples of rows, each with the value to blame behind its reason."""
    shown = [*values, *[""] * (len(rows) - len(values))]
    return tuple(
        {**row, "reason": f"{row['reason']}: {value}" if value else row["reason"]}
        for row, value in zip(rows, shown, strict=False)
    )
