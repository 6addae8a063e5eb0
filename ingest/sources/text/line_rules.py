"""How the bytes of text files become records, whatever stands in them."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import field
from typing import Literal

import numpy as np
import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.rows import position
from ingest.sources.text.bits import Flags, Places
from ingest.sources.text.bodies import Body
from ingest.sources.text.dialect import Dialect
from ingest.sources.text.encodings import UTF8

IGNORED = "matches ignore_rows"
"""Why a line is filtered that matches the source's `ignore_rows`."""
FOOTER = "footer"
"""Why a line is filtered that the source's `skip_footer` takes."""


@dataclass(frozen=True, slots=True)
class LineRules:
    """What is a record.

    A record ends at a line feed, and at the carriage returns before it, unless `returns` are none.
    Lines that begin with `comment` are no records, and neither are those that match `ignore`, but
    these are counted. With a `dialect`, lines within quotes are told: they are no records of their
    own, and with `multiline` they belong to the record in which the quotes were opened.
    """

    encoding: str = UTF8
    max_record_bytes: int = 16 * 1024**2
    blank: Literal["reject", "skip", "row"] = "reject"
    comment: str | None = None
    ignore: str | None = None
    dialect: Dialect | None = None
    multiline: bool = False
    returns: str = "\r"

    @property
    def skips(self) -> bool:
        """Whether there may be lines that are no records."""
        return self.blank == "skip" or self.comment is not None or self.ignore is not None

    def aside(self, lines: pl.Series) -> tuple[Flags, Flags]:
        """Return which lines are no records, where they are not within quotes; and the ignored.

        `lines` are texts without their line ends; nulls are records that cannot be decoded.
        """
        ignored = _flags(
            lines.str.contains(self.ignore) if self.ignore is not None else None, lines
        )
        skipped = ignored.copy()
        if self.comment is not None:
            skipped |= _flags(lines.str.starts_with(self.comment), lines)
        if self.blank == "skip":
            skipped |= _flags(lines == "", lines)
        return skipped, ignored


@dataclass(frozen=True, slots=True)
class LineTally:
    """How far the slices of a partition have been read.

    `lines` are numbered already. `since` is at which byte the line begins whose quote is still
    open, `goes_on` says that the last line ended in an escape sign. `filtered` counts what the
    source's options leave out, by reason. `spoilt` is what made
    the fastest way of reading fail, and is not tried again: columns in which a field was no number.
    """

    lines: Counter[int] = field(default_factory=Counter)
    since: dict[int, int] = field(default_factory=dict)
    goes_on: set[int] = field(default_factory=set)
    filtered: Counter[str] = field(default_factory=Counter)
    spoilt: set[str] = field(default_factory=set)

    def number(self, bodies: Sequence[Body], counts: Sequence[int]) -> tuple[Places, pl.Series]:
        """Number so many more lines of each body: from 0 within the slice, and as positions."""
        lines, places = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for body, more in zip(bodies, counts, strict=True):
            first = self.lines[body.slice_index]
            self.lines[body.slice_index] += more
            lines.append(np.arange(first, first + more, dtype=np.int64))
            places.append(lines[-1] + position(body.slice_index))
        positions = pl.Series("position", np.concatenate(places).astype(np.uint64))
        return np.concatenate(lines), positions

    def is_inside(self, body: Body) -> bool:
        """Say whether a body may begin within a record."""
        return body.slice_index in self.since or body.slice_index in self.goes_on


def _flags(flags: pl.Series | None, lines: pl.Series) -> Flags:
    if flags is None:
        return np.zeros(len(lines), dtype=np.bool_)
    return flags.fill_null(value=False).to_numpy().copy()


def without_ends(texts: pl.Series, rules: LineRules) -> pl.Series:
    """Return lines without the carriage returns that end them."""
    return texts.str.strip_chars_end(rules.returns) if rules.returns else texts


def known_pattern(pattern: str) -> str:
    """Return a pattern.

    Raises:
        ValueError: it is no regular expression.
    """
    try:
        pl.select(pl.lit("").str.contains(pattern))
    except pl.exceptions.ComputeError as error:
        found = re.search(r"error: (?!regex)(.*)", str(error))
        reason = found[1] if found else " ".join(str(error).split())
        raise ValueError(
            f'"{pattern}" is not a regular expression: {reason}. Look-around and back '
            "references are not supported. Fix the pattern"
        ) from None
    return pattern
