"""Lines of bytes to lines of text."""

from collections.abc import Sequence

import polars as pl

from ingest.sources.text.encodings import UTF8, decode_line, readable


def texts_of(raw: bytes, encoding: str = UTF8) -> tuple[pl.Series, pl.Series]:
    """Return ended lines as texts, and the originals of those that cannot be decoded."""
    try:
        data = raw if encoding == UTF8 else raw.decode(encoding).encode(UTF8)
    except UnicodeDecodeError:
        return one_by_one(raw.split(b"\n")[:-1], encoding)
    whole = whole_text(data)
    if whole is None:
        return one_by_one(raw.split(b"\n")[:-1], encoding)
    lines = whole.str.split("\n").explode(empty_as_null=False, keep_nulls=False)
    lines = lines.head(-1)  # what follows the last line feed is nothing
    return lines, pl.Series("original", [None], dtype=pl.String).new_from_index(0, len(lines))


def whole_text(data: bytes) -> pl.Series | None:
    """Return UTF-8 as a series of one text; None if it is something else."""
    try:
        return pl.Series("text", [data], dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.ComputeError:
        return None


def one_by_one(lines: Sequence[bytes], encoding: str) -> tuple[pl.Series, pl.Series]:
    """Return lines as texts, and the originals of those that cannot be decoded."""
    texts = [decode_line(line, encoding) for line in lines]
    originals = [
        readable(line) if text is None else None for line, text in zip(lines, texts, strict=True)
    ]
    return pl.Series("text", texts, pl.String), pl.Series("original", originals, pl.String)
