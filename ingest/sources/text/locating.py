"""In which lines of their files rows stand, and what stands there: read again, or remembered."""

import polars as pl

from ingest.core.partition import Partition
from ingest.core.rows import position, slice_of
from ingest.sources.base import LOCATED
from ingest.sources.files.opening import codec
from ingest.sources.text.bits import count, where
from ingest.sources.text.bodies import Body, join_bodies
from ingest.sources.text.clean_blocks import records_of
from ingest.sources.text.kind import TextKind
from ingest.sources.text.line_ends import as_written
from ingest.sources.text.line_index import LineIndex
from ingest.sources.text.line_rules import LineRules, LineTally
from ingest.sources.text.lines import EMPTY_RECORDS, line_number, original, split_records
from ingest.sources.text.slices import SliceTexts
from ingest.storage.uris import is_remote


def locate(texts: SliceTexts, positions: pl.Series) -> pl.DataFrame:
    """Say in which lines rows stand, by reading their slices again; see `Source.locate`."""
    wanted = positions.cast(pl.UInt64).to_frame("position")
    places = slices_in(wanted)
    rules, tally, parts = texts.kind.rules(texts.layout), LineTally(), [EMPTY_RECORDS]
    for body in texts.bodies(places):
        if rules.multiline:
            records = split_records([body], rules, tally)
            parts.append(records.join(wanted, on="position", how="semi"))
        else:
            parts.append(_lines_among(wanted["position"], body, rules, tally))
    located = _shown(pl.concat(parts), texts.lines_before(places))
    return as_written(located, texts.kind.line_end)


def index_of(kind: TextKind, partition: Partition) -> LineIndex | None:
    """Return what remembers where lines stand; None where that does not help to find them."""
    ends = kind.record_ends()
    if kind.line_end != "lf" or not (kind.splits() or ends):
        return None
    pieces = enumerate(partition.slices)
    plain = {place for place, piece in pieces if not (is_remote(piece.uri) or codec(piece.uri))}
    return LineIndex(plain, ends) if plain else None


def located(texts: SliceTexts, index: LineIndex, positions: pl.Series) -> pl.DataFrame:
    """Do what `locate` does, with the help of what reading the slices has seen."""
    wanted = positions.cast(pl.UInt64).to_frame("position")
    parts = [pl.DataFrame(schema=LOCATED)]
    for place in slices_in(wanted):
        here = wanted.filter(slice_of(pl.col("position")) == place).to_series()
        if not index.knows(place):
            parts.append(locate(texts, here))
            continue
        piece, rules = texts.partition.slices[place], texts.kind.rules(texts.layout)
        records = index.records(piece, place, here, rules)
        parts.append(_shown(records, texts.lines_before([place])))
    return pl.concat(parts)


def slices_in(table: pl.DataFrame) -> list[int]:
    """Return which slices of a partition the `position`s of a table lie in."""
    return table.select(slice_of(pl.col("position")).unique().sort()).to_series().to_list()


def _lines_among(wanted: pl.Series, body: Body, rules: LineRules, tally: LineTally) -> pl.DataFrame:
    """Return the records of a body whose positions are among these, which are sorted."""
    first, data = position(body.slice_index, tally.lines[body.slice_index]), join_bodies([body])
    feeds = where(data, ord("\n"))
    lines = count(feeds)
    tally.lines[body.slice_index] += lines
    among = wanted.filter(wanted.is_between(first, first + lines, closed="left"))
    places = pl.DataFrame({"position": among, "number": (among - first).cast(pl.Int64)})
    return records_of(data, places, rules, feeds)


def _shown(records: pl.DataFrame, lines_before: dict[int, int]) -> pl.DataFrame:
    """Return records as `Source.locate` does; so many lines of its file come before each slice."""
    return records.select(
        "position", line_number(lines_before).alias("line"), original().alias("original")
    )
