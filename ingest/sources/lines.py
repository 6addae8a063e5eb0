"""Records of text files, numbered: what CSV and JSON Lines share before they look at fields."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from ingest.core.rows import position, slice_of
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
class Body:
    """The records of one slice, as bytes: from the first byte of the first to the end of the last.

    `header` are the column names in this file's own order.
    """

    slice_index: int
    data: bytes
    header: tuple[str, ...] = ()


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


def split_records(bodies: Sequence[Body], rules: LineRules) -> pl.DataFrame:
    """Return one row per record of the bodies, in order.

    The columns are `position` (uint64), `line` (int64, from 0 within the body), `text` (string,
    null if the bytes cannot be decoded), `original` (string, only where it is not the text) and
    `reason` (string, null as long as the record is fine).
    """
    data = join_bodies(bodies)
    texts, originals = _texts(data, rules.encoding)
    counts = [_count(body.data) for body in bodies]
    frame = pl.DataFrame(
        {
            "place": np.repeat(np.arange(len(bodies), dtype=np.uint32), counts),
            "line": _ramps(counts),
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
        _positions(bodies, counts),
        "line",
        "text",
        "original",
        _reason(rules).alias("reason"),
    )


def join_bodies(bodies: Sequence[Body]) -> bytes:
    """Return the bodies as one text in which each line is ended."""
    return b"".join(_ended(body.data) for body in bodies)


def whole_text(data: bytes) -> pl.Series | None:
    """Return UTF-8 as a series of one text; None if it is something else."""
    try:
        return pl.Series("text", [data], dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.ComputeError:
        return None


def line_positions(bodies: Sequence[Body]) -> pl.DataFrame:
    """Return the positions of all lines of the bodies, if each is a record."""
    return pl.DataFrame([_positions(bodies, [_count(body.data) for body in bodies])])


def longest_line(data: bytes) -> int:
    """Return the length of the longest line, in bytes with its end."""
    ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == ord("\n"))
    return int(np.diff(ends, prepend=-1).max()) if len(ends) else 0


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


def _ended(data: bytes) -> bytes:
    return data if not data or data.endswith(b"\n") else data + b"\n"


def _count(data: bytes) -> int:
    return data.count(b"\n") + (bool(data) and not data.endswith(b"\n"))


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


def _ramps(counts: Sequence[int]) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Return 0, 1, 2, … for each count, one after the other."""
    ends = np.cumsum(np.asarray(counts, dtype=np.int64))
    starts = np.repeat(ends - counts, counts)
    ramp: np.ndarray[tuple[int], np.dtype[np.int64]] = np.arange(len(starts)) - starts
    return ramp


def _positions(bodies: Sequence[Body], counts: Sequence[int]) -> pl.Series:
    """Return the positions of so many records of each body."""
    firsts = np.array([position(body.slice_index) for body in bodies], dtype=np.uint64)
    numbers = np.repeat(firsts, counts) + _ramps(counts).astype(np.uint64)
    return pl.Series("position", numbers, dtype=pl.UInt64)


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


def in_blocks(bodies: Iterable[Body], block_bytes: int) -> Iterable[list[Body]]:
    """Put bodies of the same header together, up to about `block_bytes`."""
    block: list[Body] = []
    size = 0
    for body in bodies:
        if block and (size + len(body.data) > block_bytes or body.header != block[0].header):
            yield block
            block, size = [], 0
        block.append(body)
        size += len(body.data)
    if block:
        yield block
