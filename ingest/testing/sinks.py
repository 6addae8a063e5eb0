"""What every sink must keep, as checks that authors of sinks run over their own.

    @pytest.mark.parametrize("law", LAWS)
    def test_my_sink(law, tmp_path):
        law(Subject(make=lambda disposition: MySink(...), read=...))

A law raises AssertionError if the sink breaks it. It needs an empty place to publish to, so `make`
and `read` must stand for a new one each time.
"""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl
from polars.testing import assert_frame_equal

from ingest.sinks.base import Disposition, PublishPlan, Sink

ROWS = pl.DataFrame(
    {
        "id": pl.Series([1, 2, 3, 4], dtype=pl.Int64),
        "part": ["a", "b", "a", None],
        "text": ["", 'quote " comma , line\nbreak', None, "été"],
        "number": pl.Series([0.1, None, -1e300, 3.0], dtype=pl.Float64),
    }
)
MORE = ROWS.filter(pl.col("part") == "a").with_columns(pl.col("id") + 100)


@dataclass(frozen=True, slots=True)
class Subject:
    """A sink under test.

    `make` returns it with a disposition, always for the same place, partitioned by the column
    `part` if it can be. `read` returns all rows that a reader of that place sees, in any order, in
    the types of `ROWS`; none if nothing was published yet.
    """

    make: Callable[[Disposition], Sink]
    read: Callable[[], pl.DataFrame]

    def sees(self, *frames: pl.DataFrame) -> None:
        """Fail unless a reader sees exactly these rows."""
        expected = pl.concat([ROWS.clear(), *frames])
        found = self.read().select(expected.columns)
        assert_frame_equal(found.sort("id"), expected.sort("id"))


def nothing_is_seen_before_publish(subject: Subject) -> None:
    """Rows that are staged are invisible; planning to publish them changes nothing."""
    sink = subject.make("append")
    _plan(sink, ROWS, "run1")
    subject.sees()


def a_run_is_published_whole(subject: Subject) -> None:
    """Every row of every settled partition comes back as it was, once."""
    _publish(subject.make("append"), ROWS, "run1")
    subject.sees(ROWS)


def publishing_again_changes_nothing(subject: Subject) -> None:
    """A repeated publish is harmless, at once or after a later run."""
    sink = subject.make("append")
    plan = _publish(sink, ROWS, "run1")
    sink.publish(plan)
    subject.sees(ROWS)
    _publish(subject.make("overwrite"), MORE, "run2")
    sink.publish(plan)
    subject.sees(MORE)


def tries_that_lost_are_not_published(subject: Subject) -> None:
    """Only the files of the plan become visible, whatever else was staged."""
    sink = subject.make("append")
    sink.stage(ROWS, "run1", "1-0-1")
    _publish(sink, ROWS, "run1", stem="1-0-2")
    subject.sees(ROWS)


def append_keeps_what_is_there(subject: Subject) -> None:
    """A second run adds to the first."""
    _publish(subject.make("append"), ROWS, "run1")
    _publish(subject.make("append"), MORE, "run2")
    subject.sees(ROWS, MORE)


def overwrite_replaces_all(subject: Subject) -> None:
    """Of what was there before, nothing is left."""
    _publish(subject.make("append"), ROWS, "run1")
    _publish(subject.make("overwrite"), MORE, "run2")
    subject.sees(MORE)


def overwrite_partitions_replaces_what_it_touches(subject: Subject) -> None:
    """Rows of other partitions stay."""
    _publish(subject.make("append"), ROWS, "run1")
    _publish(subject.make("overwrite_partitions"), MORE, "run2")
    subject.sees(MORE, ROWS.filter(pl.col("part").ne_missing("a")))


def a_run_without_rows_can_be_published(subject: Subject) -> None:
    """Empty partitions stage nothing; overwriting with no rows leaves none."""
    _publish(subject.make("append"), ROWS, "run1")
    sink = subject.make("overwrite")
    assert sink.stage(ROWS.clear(), "run2", "1-0-1") == []
    sink.publish(sink.plan_publish([], "run2", {}))
    subject.sees()


def a_discarded_run_leaves_nothing(subject: Subject) -> None:
    """What was staged is gone, also if it is discarded twice; other runs are not touched."""
    sink = subject.make("append")
    _publish(sink, ROWS, "run1")
    sink.stage(MORE, "run2", "1-0-1")
    sink.discard("run2")
    sink.discard("run2")
    subject.sees(ROWS)


def counts_are_true(subject: Subject) -> None:
    """The staged files' rows add up to what was given."""
    files = subject.make("append").stage(ROWS, "run1", "1-0-1")
    assert sum(file.rows for file in files) == ROWS.height
    assert all(file.bytes > 0 and len(file.sha256) == 64 for file in files)


LAWS: tuple[Callable[[Subject], None], ...] = (
    nothing_is_seen_before_publish,
    a_run_is_published_whole,
    publishing_again_changes_nothing,
    tries_that_lost_are_not_published,
    append_keeps_what_is_there,
    overwrite_replaces_all,
    overwrite_partitions_replaces_what_it_touches,
    a_run_without_rows_can_be_published,
    a_discarded_run_leaves_nothing,
    counts_are_true,
)


def _plan(sink: Sink, rows: pl.DataFrame, run_id: str, stem: str = "1-0-1") -> PublishPlan:
    """Stage rows as two partitions."""
    first, rest = rows.head(1), rows.tail(-1)
    files = [(0, file) for file in sink.stage(first, run_id, stem)]
    files += [(1, file) for file in sink.stage(rest, run_id, stem.replace("-0-", "-1-", 1))]
    return sink.plan_publish(files, run_id, {})


def _publish(sink: Sink, rows: pl.DataFrame, run_id: str, stem: str = "1-0-1") -> PublishPlan:
    plan = _plan(sink, rows, run_id, stem)
    sink.publish(plan)
    return plan
