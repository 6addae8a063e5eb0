"""What every sink must keep, as checks that authors of sinks run over their own.

    @pytest.mark.parametrize("law", LAWS)
    def test_my_sink(law, tmp_path):
        law(Subject(make=lambda disposition: MySink(...), read=...))

A law raises AssertionError if the sink breaks it. It needs an empty place to publish to, so `make`
and `read` must stand for a new one each time. What a sink keeps and prepares, no law looks at.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import polars as pl
from polars.testing import assert_frame_equal

from ingest.core.dataclass import dataclass
from ingest.core.errors import IngestError
from ingest.core.outcome import Staged
from ingest.core.types import schema_to_json
from ingest.sinks.base import Delivery, Disposition, Line, Sink

ROWS = pl.DataFrame(
    {
        "id": pl.Series([1, 2, 3, 4], dtype=pl.Int64),
        "part": ["a", "b", "a", None],
        "text": ["", 'quote " comma , line\nbreak', None, "été"],
        "number": pl.Series([0.1, None, -1e300, 3.0], dtype=pl.Float64),
    }
)
MORE = ROWS.filter(pl.col("part") == "a").with_columns(pl.col("id") + 100)
CHANGED = pl.concat(
    [ROWS.filter(pl.col("id") <= 2).with_columns(text=pl.lit("changed")), MORE.head(1)]
)
"""For `merge` by `id`: two rows that are there, changed, and a new one."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A sink under test.

    `make` returns it with a disposition, always for the same place, partitioned by the column
    `part` if it can be, and for `merge` with the key `id`. `read` returns all rows that a reader of
    that place sees, in any order, in the types of `ROWS`; none if nothing was published yet.
    `dispositions` are those that it has; laws about others do not concern it.
    """

    make: Callable[[Disposition], Sink]
    read: Callable[[], pl.DataFrame]
    dispositions: frozenset[Disposition] = frozenset(
        {"append", "overwrite", "overwrite_partitions"}
    )

    def can(self, disposition: Disposition) -> bool:
        """Say whether the sink has a disposition."""
        return disposition in self.dispositions

    def sees(self, *frames: pl.DataFrame) -> None:
        """Fail unless a reader sees exactly these rows."""
        expected = pl.concat([ROWS.clear(), *frames])
        found = self.read().select(expected.columns)
        assert_frame_equal(found.sort("id"), expected.sort("id"))


def nothing_is_seen_before_publish(subject: Subject) -> None:
    """Rows that are staged are invisible; preparing to publish them changes nothing."""
    sink = subject.make("append")
    _prepared(sink, ROWS, "run1")
    subject.sees()
    _prepared(sink, ROWS, "run1", stem="2-0-1")
    subject.sees()


def a_run_is_published_whole(subject: Subject) -> None:
    """Every row of every completed partition comes back as it was, once."""
    _publish(subject.make("append"), ROWS, "run1")
    subject.sees(ROWS)


def publishing_again_changes_nothing(subject: Subject) -> None:
    """A repeated publish is harmless, at once or after a later run."""
    sink = subject.make("append")
    lines = _publish(sink, ROWS, "run1")
    assert sink.publish(lines).rows == ROWS.height
    subject.sees(ROWS)
    if subject.can("overwrite"):
        _publish(subject.make("overwrite"), MORE, "run2")
        sink.publish(lines)
        subject.sees(MORE)
    else:
        _publish(sink, MORE, "run2")
        sink.publish(lines)
        subject.sees(ROWS, MORE)


def tries_that_lost_are_not_published(subject: Subject) -> None:
    """Only what was prepared becomes visible; rows of tries that lost are not published."""
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
    if not subject.can("overwrite"):
        return
    _publish(subject.make("append"), ROWS, "run1")
    _publish(subject.make("overwrite"), MORE, "run2")
    subject.sees(MORE)


def overwrite_partitions_replaces_what_it_touches(subject: Subject) -> None:
    """Rows of other partitions stay."""
    if not subject.can("overwrite_partitions"):
        return
    _publish(subject.make("append"), ROWS, "run1")
    _publish(subject.make("overwrite_partitions"), MORE, "run2")
    subject.sees(MORE, ROWS.filter(pl.col("part").ne_missing("a")))


def a_run_without_rows_can_be_published(subject: Subject) -> None:
    """Empty partitions stage nothing; overwriting with no rows leaves none."""
    _publish(subject.make("append"), ROWS, "run1")
    replaces = subject.can("overwrite")
    sink = subject.make("overwrite" if replaces else "append")
    assert sink.stage(ROWS.clear(), "run2", "1-0-1") == []
    assert sink.publish(_lines(sink, [], "run2")).rows == 0
    subject.sees(*([] if replaces else [ROWS]))


def a_discarded_run_leaves_nothing(subject: Subject) -> None:
    """What was staged is gone, also if it is discarded twice; other runs are not touched."""
    sink = subject.make("append")
    _publish(sink, ROWS, "run1")
    sink.stage(MORE, "run2", "1-0-1")
    sink.discard("run2")
    sink.discard("run2")
    subject.sees(ROWS)


def counts_are_true(subject: Subject) -> None:
    """What is staged and what is published add up to what was given."""
    sink = subject.make("append")
    staged = sink.stage(ROWS, "run1", "1-0-1")
    assert sum(each.rows for each in staged) == ROWS.height
    assert all(each.bytes > 0 for each in staged)
    published = sink.publish(_lines(sink, [(0, each) for each in staged], "run1"))
    assert published.rows == ROWS.height
    assert published.rows == published.inserted + published.updated + published.ignored


def what_it_keeps_is_plain_data(subject: Subject) -> None:
    """What is staged and prepared goes through JSON, into the ledger and back, unchanged."""
    sink = subject.make("append")
    staged = [
        replace(each, keep=_through_json(each.keep)) for each in sink.stage(ROWS, "run1", "1-0-1")
    ]
    lines = _lines(sink, [(0, each) for each in staged], "run1")
    sink.publish([_through_json(line) for line in lines])
    subject.sees(ROWS)


def the_runs_that_are_there_are_known(subject: Subject) -> None:
    """The runs whose rows are there are known; a replaced one is not among them."""
    sink = subject.make("append")
    assert not sink.published_runs()
    _publish(sink, ROWS, "run1")
    assert set(sink.published_runs()) == {"run1"}
    if subject.can("overwrite"):
        _publish(subject.make("overwrite"), MORE, "run2")
        assert set(sink.published_runs()) == {"run2"}
    else:
        _publish(sink, MORE, "run2")
        assert set(sink.published_runs()) == {"run1", "run2"}


def what_is_published_is_verified(subject: Subject) -> None:
    """Right after its publish nothing is wrong with a run, and a replaced one is said to be so."""
    sink = subject.make("append")
    first = _publish(sink, ROWS, "run1")
    verified = sink.verify(first)
    assert (verified.rows, verified.problems, verified.missing) == (ROWS.height, (), 0)
    if not subject.can("overwrite"):
        return
    _publish(subject.make("overwrite"), MORE, "run2")
    verified = sink.verify(first)
    assert verified.problems == ()
    assert set(verified.replaced) == {"run2"}


def merge_replaces_rows_of_the_same_key(subject: Subject) -> None:
    """Rows with a known key are updated, others inserted, and each is counted; late too."""
    if not subject.can("merge"):
        return
    sink = subject.make("merge")
    first = _prepared(sink, ROWS, "run1")
    published = sink.publish(first)
    assert (published.inserted, published.updated, published.ignored) == (ROWS.height, 0, 0)
    second = _prepared(sink, CHANGED, "run2")
    for _ in range(2):
        published = sink.publish(second)
        assert (published.rows, published.inserted, published.updated) == (3, 1, 2)
        sink.publish(first)
        subject.sees(CHANGED, ROWS.filter(pl.col("id") > 2))


def merge_refuses_keys_that_are_none(subject: Subject) -> None:
    """A key in two rows of a run, or in none of its columns, is refused before the commit."""
    if not subject.can("merge"):
        return
    sink = subject.make("merge")
    _publish(sink, ROWS, "run1")
    nameless = ROWS.with_columns(id=pl.lit(None, pl.Int64))
    for number, wrong in enumerate((pl.concat([MORE, MORE]), nameless)):
        try:
            _prepared(sink, wrong, f"wrong{number}")
        except IngestError:
            subject.sees(ROWS)
        else:
            raise AssertionError("keys that occur twice, or are null, were not refused")


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
    what_it_keeps_is_plain_data,
    the_runs_that_are_there_are_known,
    what_is_published_is_verified,
    merge_replaces_rows_of_the_same_key,
    merge_refuses_keys_that_are_none,
)


def _prepared(sink: Sink, rows: pl.DataFrame, run_id: str, stem: str = "1-0-1") -> list[Line]:
    """Stage rows as two partitions, and prepare to publish them."""
    first, rest = rows.head(1), rows.tail(-1)
    staged = [(0, each) for each in sink.stage(first, run_id, stem)]
    staged += [(1, each) for each in sink.stage(rest, run_id, stem.replace("-0-", "-1-", 1))]
    return _lines(sink, staged, run_id)


def _lines(sink: Sink, staged: Iterable[tuple[int, Staged]], run_id: str) -> list[Line]:
    return list(sink.prepare(staged, delivery(run_id)))


def delivery(run_id: str, job: str = "laws") -> Delivery:
    """Return what a run of a job brings that publishes `ROWS` as its main output."""
    return Delivery(run_id, "main", job, "me@example.org", schema_to_json(ROWS.schema))


def _publish(sink: Sink, rows: pl.DataFrame, run_id: str, stem: str = "1-0-1") -> list[Line]:
    lines = _prepared(sink, rows, run_id, stem)
    sink.publish(lines)
    return lines


def _through_json(data: Mapping[str, Any]) -> dict[str, Any]:
    return dict(json.loads(json.dumps(data)))
