"""Ranges of a key: how a table is cut, and the condition of each piece.

A piece counts from the least key: 0 stands for it, `span` for what comes after the greatest, and
`span` to `span + 1` for rows without a key. The first and the last piece have no outer bound.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ingest.core.dataclass import dataclass
from ingest.core.partition import WHOLE, Slice
from ingest.storage.postgres.names import quoted
from ingest.storage.postgres.session import Session

_DAY = "(date '1970-01-01' + {})"
KEYS = {
    "smallint": ("{}::bigint", "{}"),
    "integer": ("{}::bigint", "{}"),
    "bigint": ("{}", "{}"),
    "date": ("({} - date '1970-01-01')::bigint", _DAY),
    "timestamp without time zone": (
        "floor(extract(epoch FROM {}) * 1000000)::bigint",
        "(timestamp '1970-01-01' + {} * interval '1 microsecond')",
    ),
    "timestamp with time zone": (
        "floor(extract(epoch FROM {}) * 1000000)::bigint",
        "(timestamptz '1970-01-01 00:00:00+00' + {} * interval '1 microsecond')",
    ),
}
"""By the type of a key: the number that stands for a value, and the value for a number, as SQL."""
_SAMPLED_ROWS = 1_000_000
MOST_PIECES = 10_000


@dataclass(frozen=True, slots=True)
class Key:
    """The column that a table is cut by, and its SQL type."""

    name: str
    kind: str

    @property
    def sql(self) -> str:
        """The key of a row of `q`."""
        return f"q.{quoted(self.name)}"

    def condition(self, piece: Slice) -> str:
        """Return which rows of `q` are those of a piece."""
        if piece.end == WHOLE:
            return "true"
        _, least, span = version_of(piece)
        if piece.start >= span:
            return f"{self.sql} IS NULL"
        bounds = [f"{self.sql} IS NOT NULL"]
        if piece.start > 0:
            bounds.append(f"{self.sql} >= {self._value(least + piece.start)}")
        if piece.end < span:
            bounds.append(f"{self.sql} < {self._value(least + piece.end)}")
        return " AND ".join(bounds)

    def cut(self, session: Session, rows: str, piece: Slice, count: int) -> Iterator[Slice]:
        """Cut all rows into about so many pieces with as many rows each, in the order of the key.

        `rows` is what to select from, as `q`.
        """
        number = KEYS[self.kind][0].format(self.sql)
        finite = "" if self.kind in _INTEGERS else f" AND isfinite({self.sql})"
        known = f"{self.sql} IS NOT NULL{finite}"
        total, least, greatest, nulls = session.rows(
            f"SELECT count(*), min({number}) FILTER (WHERE {known}), "
            f"max({number}) FILTER (WHERE {known}), count(*) FILTER (WHERE {self.sql} IS NULL) "
            f"FROM {rows}"
        )[0]
        if least is None or greatest == least:
            yield piece
            return
        steps = [each / count for each in range(1, count)]
        share = f" AND random() < {_SAMPLED_ROWS / total}" if total > 2 * _SAMPLED_ROWS else ""
        inner = session.value(
            f"SELECT percentile_disc(ARRAY{steps}::float8[]) WITHIN GROUP (ORDER BY {number}) "
            f"FROM {rows} WHERE {known}{share}"
        )
        span = int(greatest) - int(least) + 1
        bounds = sorted({0, span, *(int(each) - int(least) for each in inner or ())})
        version = f"{piece.version}:{least}:{span}"
        weight = piece.bytes // max(1, len(bounds) - 1 + bool(nulls))
        for start, end in itertools.pairwise(bounds):
            yield replace(piece, version=version, start=start, end=end, bytes=weight)
        if nulls:
            yield replace(piece, version=version, start=span, end=span + 1, bytes=weight)

    def _value(self, number: int) -> str:
        return KEYS[self.kind][1].format(number)


_INTEGERS = frozenset({"smallint", "integer", "bigint"})


def version_of(piece: Slice) -> tuple[str, int, int]:
    """Return a piece's snapshot, and if it is a range the least key and the span."""
    name, *numbers = piece.version.split(":")
    return (name, int(numbers[0]), int(numbers[1])) if numbers else (name, 0, 0)


def halves(piece: Slice) -> Sequence[Slice]:
    """Cut a range in two; none if it is one key, or no range."""
    middle = (piece.start + piece.end) // 2
    if piece.end == WHOLE or middle in {piece.start, piece.end}:
        return ()
    return tuple(
        replace(piece, start=start, end=end, bytes=piece.bytes // 2)
        for start, end in ((piece.start, middle), (middle, piece.end))
    )
