"""Records of text files, numbered: what all of them share before anybody looks at fields."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from ingest.core.rows import slice_of
from ingest.sources.text.bits import Bits, Places, Ranks, where
from ingest.sources.text.bodies import Body, join_bodies, line_counts
from ingest.sources.text.decoding import one_by_one, texts_of
from ingest.sources.text.enclosed import Block, enclosed
from ingest.sources.text.encodings import UTF8
from ingest.sources.text.line_rules import IGNORED, LineRules, LineTally, without_ends

ORIGINAL_CHARACTERS = 64 * 1024
"""How much of a rejected record's text is kept."""
INSIDE = "inside an unclosed quote"

EMPTY_RECORDS = pl.DataFrame(
    schema={
        "position": pl.UInt64,
        "line": pl.Int64,
        "text": pl.String,
        "original": pl.String,
        "reason": pl.String,
    }
)


def split_records(
    bodies: Sequence[Body], rules: LineRules, tally: LineTally | None = None
) -> pl.DataFrame:
    """Return one row per record of the bodies, in order.

    The columns are `position` (uint64), `line` (int64, from 0 within the slice), `text` (string,
    null if the bytes cannot be decoded), `original` (string, only where it is not the text) and
    `reason` (string, null as long as the record is fine). What `tally` has numbered comes before.
    """
    data, tally = join_bodies(bodies), tally or LineTally()
    texts, originals = texts_of(data, rules.encoding)
    counts = line_counts(bodies)
    lines, places = tally.number(bodies, counts)
    ended = without_ends(texts, rules)
    skipped, ignored = rules.aside(ended)
    if originals.null_count() < len(originals):
        ended = pl.select(pl.coalesce(ended, originals)).to_series()
    inside = enclosed(Block(bodies, counts, data, ended, skipped), rules, tally)
    if number := int((ignored & ~inside).sum()):
        tally.filtered[IGNORED] += number
    frame = pl.DataFrame(
        {"position": places, "line": lines, "text": texts, "original": originals, "inside": inside}
    )
    if rules.skips:
        frame = frame.filter(~pl.Series(skipped) | pl.Series(inside))
    if rules.multiline and inside.any():
        frame = _joined(frame)
    return _judged(frame.with_columns(without_ends(frame["text"], rules)), rules)


def lines_aside(data: bytes, rules: LineRules) -> tuple[Places, int]:
    """Return the numbers of the lines that are no records; and how many of them are ignored.

    For UTF-8 in which no quote is open at a line's end, and all lines are ended.
    """
    if not _may_be_aside(data, rules):
        return np.empty(0, np.int64), 0
    texts, _ = texts_of(data)
    skipped, ignored = rules.aside(without_ends(texts, rules))
    return np.flatnonzero(skipped), int(ignored.sum())


def without_records(data: bytes, numbers: Places, ends: Bits | None = None) -> bytes:
    """Return a text without the records of these numbers.

    `ends` are where records end: without it, at every line feed.
    """
    if not len(numbers):
        return data
    starts, stops = bounds(Ranks(where(data, ord("\n")) if ends is None else ends), numbers)
    begins = [0, *(stops + 1).tolist()]
    cuts = [*starts.tolist(), len(data)]
    text = memoryview(data)  # whose parts are no copies
    return b"".join(text[begin:cut] for begin, cut in zip(begins, cuts, strict=True) if begin < cut)


def records_at(
    data: bytes, numbers: Places, rules: LineRules, ends: Bits | None = None
) -> pl.DataFrame:
    """Return the records of these numbers, as `split_records` does; `line` is the number.

    `ends` are where records end: without it, at every line feed. Positions are left to the caller:
    here they are 0.
    """
    starts, stops = bounds(Ranks(where(data, ord("\n")) if ends is None else ends), numbers)
    spans = zip(starts.tolist(), stops.tolist(), strict=True)
    return records_in([data[start : stop + 1] for start, stop in spans], numbers, rules)


def records_in(lines: Sequence[bytes], numbers: Places, rules: LineRules) -> pl.DataFrame:
    """Return the records that stand in these bytes, each ended, as `records_at` does."""
    raw = b"".join(lines)
    if rules.encoding == UTF8 and raw.count(b"\n") == len(numbers):
        texts, originals = texts_of(raw)
    else:
        texts, originals = one_by_one([line[:-1] for line in lines], rules.encoding)
    frame = pl.DataFrame(
        {
            "position": np.zeros(len(numbers), dtype=np.uint64),
            "line": numbers.astype(np.int64),
            "text": without_ends(texts, rules),
            "original": originals,
            "inside": np.zeros(len(numbers), dtype=np.bool_),
        }
    )
    return _judged(frame, rules)


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


def bounds(ranks: Ranks, numbers: Places) -> tuple[Places, Places]:
    """Return where the records of these numbers begin, and where they end, by the ranks of ends."""
    begins = np.zeros(len(numbers), dtype=np.int64)
    later = numbers > 0
    begins[later] = ranks.place(numbers[later] - 1) + 1
    return begins, ranks.place(numbers)


def _may_be_aside(data: bytes, rules: LineRules) -> bool:
    """Say whether any line may be no record, by looking at the whole text."""
    if rules.ignore is not None:
        return True
    begins = []
    if rules.comment is not None:
        begins.append(rules.comment.encode())
    if rules.blank == "skip":
        begins += [b"\n", b"\r"]
    return any(data.startswith(begin) or b"\n" + begin in data for begin in begins)


def _joined(frame: pl.DataFrame) -> pl.DataFrame:
    """Join the lines that are inside with the one before."""
    return (
        frame.with_columns((~pl.col("inside")).cum_sum().alias("record"))
        .group_by("record", maintain_order=True)
        .agg(
            pl.col("position").first(),
            pl.col("line").first(),
            pl.col("text").str.join("\n", ignore_nulls=False),
            pl.when(pl.col("text").is_null().any())
            .then(pl.coalesce("original", "text").str.join("\n"))
            .alias("original"),
        )
        .with_columns(pl.lit(value=False).alias("inside"))
    )


def _judged(frame: pl.DataFrame, rules: LineRules) -> pl.DataFrame:
    reason = _reason(rules).alias("reason")
    return frame.select("position", "line", "text", "original", reason)


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
        .when("inside")
        .then(pl.lit(INSIDE))
        .when((text == "") & (rules.blank == "reject"))
        .then(pl.lit("blank line"))
    )
