"""Records of text files, numbered: what CSV and JSON Lines share before they look at fields."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import polars as pl

from ingest.core.rows import position, slice_of
from ingest.sources.bits import Places, Ranks, where
from ingest.sources.bodies import Body, join_bodies, line_counts
from ingest.sources.encodings import UTF8, decode_line, readable

ORIGINAL_CHARACTERS = 64 * 1024
"""How much of a rejected record's text is kept."""

EMPTY_RECORDS = pl.DataFrame(
    schema={
        "position": pl.UInt64,
        "line": pl.Int64,
        "text": pl.String,
        "original": pl.String,
        "reason": pl.String,
    }
)


@dataclass(frozen=True, slots=True)
class LineRules:
    """How bytes become records, whatever stands in them.

    A record ends at a line feed; carriage returns before it belong to the line's end. With
    `multiline_quote`, line feeds between two of these quotes do not end a record. Lines that begin
    with `comment` are not records.
    """

    encoding: str = UTF8
    max_record_bytes: int = 16 * 1024**2
    blank: Literal["reject", "skip", "row"] = "reject"
    comment: str | None = None
    multiline_quote: str | None = None

    @property
    def each_line(self) -> bool:
        """Whether every line is a record, and every record a line."""
        return self.blank != "skip" and self.comment is None and self.multiline_quote is None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many records and lines of each slice have been numbered already."""

    records: Counter[int] = field(default_factory=Counter)
    lines: Counter[int] = field(default_factory=Counter)

    def number_lines(self, bodies: Sequence[Body], counts: Sequence[int]) -> Places:
        """Number so many more lines of each body, from 0 within the slice."""
        return _ramps(_taken(self.lines, bodies, counts), counts)

    def number_records(self, bodies: Sequence[Body], counts: Sequence[int]) -> pl.Series:
        """Return the positions of so many more records of each body."""
        taken = _taken(self.records, bodies, counts)
        firsts = [
            position(body.slice_index, first) for body, first in zip(bodies, taken, strict=True)
        ]
        return pl.Series("position", _ramps(firsts, counts).astype(np.uint64), dtype=pl.UInt64)


def split_records(
    bodies: Sequence[Body], rules: LineRules, tally: Tally | None = None
) -> pl.DataFrame:
    """Return one row per record of the bodies, in order.

    The columns are `position` (uint64), `line` (int64, from 0 within the slice), `text` (string,
    null if the bytes cannot be decoded), `original` (string, only where it is not the text) and
    `reason` (string, null as long as the record is fine). What `tally` has numbered comes before.
    """
    data, tally = join_bodies(bodies), tally or Tally()
    texts, originals = _texts(data, rules.encoding)
    counts = line_counts(bodies)
    frame = pl.DataFrame(
        {
            "place": np.repeat(np.arange(len(bodies), dtype=np.uint32), counts),
            "line": tally.number_lines(bodies, counts),
            "text": texts,
            "original": originals,
        }
    )
    if rules.multiline_quote is not None:
        frame = _join_quoted(frame, rules.multiline_quote)
    frame = frame.with_columns(pl.col("text").str.strip_chars_end("\r"))
    frame = _without_skipped(frame, rules)
    counts = np.bincount(frame["place"].to_numpy(), minlength=len(bodies)).tolist()
    return frame.select(
        tally.number_records(bodies, counts),
        "line",
        "text",
        "original",
        _reason(rules).alias("reason"),
    )


def whole_text(data: bytes) -> pl.Series | None:
    """Return UTF-8 as a series of one text; None if it is something else."""
    try:
        return pl.Series("text", [data], dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.ComputeError:
        return None


def records_at(data: bytes, numbers: Places, rules: LineRules) -> pl.DataFrame:
    """Return the records that stand in these lines, as `split_records` does; `line` is the number.

    For rules by which each line is a record. Positions are left to the caller: here they are 0.
    """
    starts, ends = line_ends(data, numbers)
    lines = [data[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    found = split_records([Body(0, b"".join(line + b"\n" for line in lines))], rules)
    zeros = pl.lit(0, pl.UInt64).alias("position")
    return found.with_columns(zeros, pl.Series("line", numbers, dtype=pl.Int64))


def line_ends(data: bytes, numbers: Places) -> tuple[Places, Places]:
    """Return where the lines of these numbers begin, and where their line feeds stand."""
    ranks = Ranks(where(data, ord("\n")))
    begins = np.zeros(len(numbers), dtype=np.int64)
    later = numbers > 0
    begins[later] = ranks.place(numbers[later] - 1) + 1
    return begins, ranks.place(numbers)


def reject_table(records: pl.DataFrame, lines_before: dict[int, int]) -> pl.DataFrame:
    """Return rejected records in the form of `Rejects`; lines are counted from 1 in the file."""
    return records.select(
        "position",
        line_number(lines_before).alias("line"),
        "column",
        "reason",
        original().alias("original"),
    )


def line_number(lines_before: dict[int, int]) -> pl.Expr:
    """Return each record's line in its file, from 1."""
    place = slice_of(pl.col("position")).cast(pl.Int64)
    before = place.replace_strict(lines_before, return_dtype=pl.Int64, default=None)
    return pl.col("line") + before + 1


def original() -> pl.Expr:
    """Return each record's original text, cut off after 65,536 characters."""
    return pl.coalesce("original", "text").str.slice(0, ORIGINAL_CHARACTERS)


def _texts(raw: bytes, encoding: str) -> tuple[pl.Series, pl.Series]:
    """Return the lines as texts, and the originals of those that cannot be decoded."""
    try:
        data = raw if encoding == UTF8 else raw.decode(encoding).encode(UTF8)
    except UnicodeDecodeError:
        return _texts_one_by_one(raw, encoding)
    whole = whole_text(data)
    if whole is None:
        return _texts_one_by_one(raw, encoding)
    lines = whole.str.split("\n").explode(empty_as_null=False, keep_nulls=False)
    lines = lines.head(-1)  # what follows the last line feed is nothing
    return lines, pl.Series("original", [None], dtype=pl.String).new_from_index(0, len(lines))


def _texts_one_by_one(data: bytes, encoding: str) -> tuple[pl.Series, pl.Series]:
    lines = data.split(b"\n")[:-1]
    texts = [decode_line(line, encoding) for line in lines]
    originals = [
        readable(line) if text is None else None for line, text in zip(lines, texts, strict=True)
    ]
    return pl.Series("text", texts, pl.String), pl.Series("original", originals, pl.String)


def _taken(taken: Counter[int], bodies: Sequence[Body], counts: Sequence[int]) -> list[int]:
    """Return from which number on each body has so many more, and remember that they are taken."""
    firsts = []
    for body, more in zip(bodies, counts, strict=True):
        firsts.append(taken[body.slice_index])
        taken[body.slice_index] += more
    return firsts


def _ramps(firsts: Sequence[int], counts: Sequence[int]) -> Places:
    """Return so many numbers from each first one on, one after the other."""
    ramps = [
        np.arange(first, first + more, dtype=np.int64)
        for first, more in zip(firsts, counts, strict=True)
    ]
    return np.concatenate(ramps) if ramps else np.empty(0, np.int64)


def _join_quoted(frame: pl.DataFrame, quote: str) -> pl.DataFrame:
    """Join the lines between which a quote stands open; every quote opens or closes."""
    quotes = pl.coalesce("text", "original").str.count_matches(quote, literal=True)
    is_open = (quotes.cum_sum().over("place") - quotes) % 2 == 1
    return (
        frame.with_columns(is_open.alias("open"))
        .with_columns((~pl.col("open")).cum_sum().over("place").alias("record"))
        .group_by("place", "record", maintain_order=True)
        .agg(
            pl.col("line").first(),
            pl.col("text").str.join("\n", ignore_nulls=False),
            pl.when(pl.col("text").is_null().any())
            .then(pl.coalesce("original", "text").str.join("\n"))
            .alias("original"),
        )
        .drop("record")
    )


def _without_skipped(frame: pl.DataFrame, rules: LineRules) -> pl.DataFrame:
    skipped = pl.lit(value=False)
    if rules.comment:
        skipped |= pl.col("text").str.starts_with(rules.comment)
    if rules.blank == "skip":
        skipped |= pl.col("text") == ""
    if rules.comment or rules.blank == "skip":
        return frame.filter(~skipped.fill_null(value=False))
    return frame


def _reason(rules: LineRules) -> pl.Expr:
    text = pl.col("text")
    size = pl.coalesce("text", "original").str.len_bytes()
    return (
        pl.when(size > rules.max_record_bytes)
        .then(pl.lit("record too long"))
        .when(text.is_null())
        .then(pl.lit(f"not {rules.encoding}"))
        .when(text.str.contains("\0", literal=True))
        .then(pl.lit("NUL byte"))
        .when((text == "") & (rules.blank == "reject"))
        .then(pl.lit("blank line"))
    )
