"""The seam of incremental sources, by a source that is no file: rows above the last one read."""

from typing import Annotated, Literal

import polars as pl
import pytest

from ingest.core.marks import ROWS
from ingest.core.model import Model
from ingest.core.partition import Slice
from ingest.core.rows import POSITION, position
from ingest.job import Job
from ingest.records.cursors import Cursor
from ingest.sources.base import Inputs, Layout, Read, Source
from ingest.sources.incremental import Unread
from ingest.storage.objects import LocalStore
from ingest.testing.golden import read_rows
from tests.recovery.jobs import make_job, work

TABLE: list[int] = []
"""What the source reads: ids, which only grow."""


class Above(Model):
    """As a job would write it: `incremental: {cursor: id, initial_value: 0, lag: 0}`."""

    cursor: str
    initial_value: int = 0
    lag: int = 0


class Ids(Source):
    """Reads `TABLE` in ranges of ids."""

    type: Literal["ids"]
    incremental: Above | None = None

    @property
    def is_incremental(self):
        return self.incremental is not None

    def inputs(self):
        return Inputs(self._ranges(0, max(TABLE, default=0)))

    def unread(self, earlier):
        first = earlier.position.get("value", self.incremental.initial_value)
        last = max(TABLE, default=first)
        ranges = self._ranges(first - self.incremental.lag, last)
        return Unread(ranges, position={"cursor": self.incremental.cursor, "value": last})

    def _ranges(self, above, last):
        middle = (above + last) // 2
        cuts = [(above, middle), (middle, last)]
        return [Slice("table:ids", last, "", low, high, 8) for low, high in cuts if low < high]

    def layout(self, _slices, _types):
        return Layout({"n": pl.Int64()})

    def read(self, partition, _layout):
        rows = [
            (n, position(number))
            for number, piece in enumerate(partition.slices)
            for n in TABLE
            if piece.start < n <= piece.end
        ]
        frame = pl.LazyFrame(rows, schema={"n": pl.Int64(), POSITION: pl.UInt64()}, orient="row")
        return Read(frame, len(rows))

    def locate(self, *_):
        raise NotImplementedError


class IdsJob(Job):
    """A job with this source, as it would be if the source were registered."""

    source: Annotated[Ids, ROWS]


@pytest.fixture(autouse=True)
def table():
    TABLE[:] = [1, 2, 3]
    return TABLE


def job_at(place, **options):
    page = make_job(
        place,
        transforms=[],
        contract={"columns": {"n": "int64"}},
        sink={"type": "parquet", "path": str(place / "out"), "write_disposition": "append"},
    ).model_dump(mode="json")
    source = {"type": "ids", "incremental": {"cursor": "id", **options}}
    return IdsJob.model_validate({**page, "source": source})


def rows(place):
    return sorted(int(row[1:-1]) for row in read_rows(place / "out", "parquet")[1:])


def test_each_run_reads_on_from_where_the_last_one_stood(tmp_path, table):
    work(job_at(tmp_path))
    table += [4, 5]
    work(job_at(tmp_path))

    assert rows(tmp_path) == [1, 2, 3, 4, 5]
    last = Cursor(LocalStore(tmp_path / "state"), "orders", str(tmp_path / "out")).last()
    assert last.position == {"cursor": "id", "value": 5}
    assert last.segments == (), "a position says it all"
    assert work(job_at(tmp_path))["inputs"]["nothing_new"]


def test_rows_that_come_while_a_run_works_are_read_by_the_next(tmp_path, table):
    class Growing(LocalStore):
        def create(self, name, data):
            if name.endswith("plan.json"):
                table.append(99)
            return super().create(name, data)

    work(job_at(tmp_path), store=Growing(tmp_path / "state"))
    assert rows(tmp_path) == [1, 2, 3]
    work(job_at(tmp_path))
    assert rows(tmp_path) == [1, 2, 3, 99]


def test_it_begins_at_the_initial_value_and_goes_back_by_the_lag(tmp_path, table):
    work(job_at(tmp_path, initial_value=1))
    table.append(4)
    work(job_at(tmp_path, initial_value=1, lag=1))

    assert rows(tmp_path) == [2, 3, 3, 4]
