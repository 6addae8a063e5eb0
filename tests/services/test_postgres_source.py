"""Tables and queries of a real server as a source: one moment, every row once, types exact."""

import datetime as dt
import gc
import pickle
from dataclasses import replace
from decimal import Decimal

import polars as pl
import pytest

from ingest.config.load import load
from ingest.core.errors import ConfigError, StalePlanError
from ingest.core.rows import POSITION
from ingest.driver.drive import drive
from ingest.driver.request import Request
from ingest.job import Job
from ingest.sources.postgres import Postgres
from ingest.storage.objects import open_store
from ingest.testing.faults import Crash, CrashingStore
from ingest.testing.sources import layout_of, pack, plan, records_of, rows_of
from ingest.workers.in_process import InProcessWorkers
from tests.services.desk import Desk
from tests.services.test_postgres_jobs import connect

ROWS = """
    CREATE TABLE public.sales (id int, price numeric(9,2), day date, words text[], raw bytea,
        at timestamptz, note jsonb, free numeric);
    INSERT INTO public.sales SELECT CASE WHEN n % 50 = 0 THEN NULL ELSE n / 3 END, n / 100.0,
        date '2026-01-01' + n, ARRAY['a', NULL], '\\x00ff',
        timestamptz '2026-01-01 00:00:00.000001+00' + n * interval '1 hour', '{"n": 1}', 0.5
        FROM generate_series(1, 400) n;
    UPDATE public.sales SET day = 'infinity' WHERE price = 1.00;
    UPDATE public.sales SET price = 'NaN' WHERE price = 2.00
"""


@pytest.fixture
def sales(database):
    database.execute(*ROWS.split(";"))
    return database


def source(database, **more):
    told = {"table": "public.sales", "partition_column": "id", **more}
    told = {key: value for key, value in told.items() if value is not None}
    return Postgres(type="postgres", connection=database.connection(), **told)


def test_any_cut_gives_the_same_records_in_the_same_order(sales):
    reader = source(sales)
    partition, layout = plan(reader)
    whole = records_of(reader, partition, layout)
    assert len(whole) == 400
    for target in (8_000, 30_000):
        pieces = list(reader.slices(target))
        assert len(pieces) > 2
        cut = records_of(reader, pack(pieces), layout)
        assert [what for *_, what in cut] == [what for *_, what in whole]
        halves = [half for piece in pieces for half in reader.halve(piece) or [piece]]
        again = records_of(reader, pack(halves), layout)
        assert [what for *_, what in again] == [what for *_, what in whole]


def test_halves_come_to_an_end(sales):
    reader = source(sales)
    parts = list(reader.slices(30_000))
    for _ in range(9):
        parts = [half for part in parts for half in reader.halve(part) or [part]]
    assert all(part.end - part.start == 1 for part in parts)


def test_what_is_read_is_what_was_there_when_the_plan_was_made(sales):
    reader = source(sales)
    partition, layout = plan(reader, 30_000)
    copy = pickle.loads(pickle.dumps(reader))
    before = rows_of(reader.read(partition, layout))
    sales.execute("DELETE FROM public.sales WHERE id < 50", "UPDATE public.sales SET price = 0")
    assert rows_of(copy.read(partition, layout)).equals(before), "as in another process"
    located = copy.locate(partition, layout, pl.Series([3, 5], dtype=pl.UInt64))
    assert located["line"].to_list() == [4, 6]
    assert '"words":["a",null]' in located["original"][0]
    del reader
    gc.collect()
    with pytest.raises(StalePlanError, match="the snapshot that this run reads is gone"):
        copy.read(partition, layout)


def test_columns_that_have_changed_are_an_error(sales):
    reader = source(sales, partition_column=None)
    partition, layout = plan(reader)
    with pytest.raises(StalePlanError, match="its columns have changed"):
        reader.read(partition, replace(layout, facts={**layout.facts, "kinds": {"id": "bigint"}}))


def test_types_are_exact_and_what_has_none_is_read_as_text_or_rejected(sales):
    reader = source(sales, partition_column=None)
    partition, layout = plan(reader)
    assert layout.columns == {
        "id": pl.Int32(), "price": pl.Decimal(9, 2), "day": pl.Date(),
        "words": pl.List(pl.String()), "raw": pl.Binary(), "at": pl.Datetime("us", "UTC"),
        "note": pl.String(), "free": pl.String(),
    }  # fmt: skip
    read = reader.read(partition, layout)
    first = read.frame.collect().drop(POSITION).filter(pl.col("price") == Decimal("0.01")).row(0)
    assert first == (
        0, Decimal("0.01"), dt.date(2026, 1, 2), ["a", None], b"\x00\xff",
        dt.datetime(2026, 1, 1, 1, 0, 0, 1, tzinfo=dt.UTC), '{"n": 1}', "0.5",
    )  # fmt: skip
    assert read.rejects is not None
    faults = read.rejects.frame.select("column", "reason").rows()
    assert sorted(faults) == [("day", "infinite"), ("price", "not a number")]


@pytest.mark.parametrize("key", ["id", "day", "at"])
def test_ranges_of_a_key_have_about_as_many_rows_and_those_without_one_are_apart(sales, key):
    reader = source(sales, partition_column=key)
    layout = layout_of(reader)
    pieces = list(reader.slices(reader.inputs().slices[0].size // 4))
    counts = [reader.read(pack([piece]), layout).records for piece in pieces]
    assert sum(counts) == 400
    assert (counts[-1] == 8) == (key == "id")
    assert max(counts) < 110


def test_a_query_is_read_like_a_table(sales):
    query = "SELECT id AS key, sum(price) AS total FROM public.sales GROUP BY id"
    reader = source(sales, table=None, query=query, partition_column="key")
    layout = layout_of(reader)
    pieces = list(reader.slices(1000))
    assert len(pieces) > 3
    parts = [rows_of(reader.read(pack([piece]), layout)) for piece in pieces]
    assert pl.concat(parts).height == 135
    assert layout.columns == {"key": pl.Int32(), "total": pl.String()}


def test_an_empty_table_is_one_partition_without_rows(database):
    database.execute("CREATE TABLE public.sales (id int)")
    reader = source(database)
    partition, layout = plan(reader)
    assert reader.read(partition, layout).records == 0


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"table": "public.nothing"}, 'there is no table "public.nothing"'),
        ({"partition_column": "words"}, r'"words" is text\[\]\. Ranges are cut of integers'),
        ({"partition_column": "idd"}, 'Did you mean "id"'),
        ({"table": None, "query": "SELECT nonsense"}, 'column "nonsense" does not exist'),
    ],
)
def test_mistakes_are_told_when_the_plan_is_made(sales, more, text):
    with pytest.raises(ConfigError, match=text):
        layout_of(source(sales, **more))


JOB = """# @package _global_
# Sales.
name: sales
owner: shop@example.org
description: Sales, to files.
source: {type: postgres, connection: warehouse, table: public.sales, partition_column: id}
transforms: [{type: select, columns: [id, price, at]}]
contract: {on_error: quarantine}
sink: {type: parquet, path: out, write_disposition: overwrite}
cluster: {type: inline}
execution: {partition_bytes: 8192, lease_s: 1}
"""


@pytest.fixture
def desk(tmp_path, monkeypatch, capsys, sales):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WAREHOUSE_PASSWORD", "any")
    desk = Desk(tmp_path, capsys)
    connect(desk, sales)
    desk.write("conf/job/sales.yaml", JOB)
    return desk


def test_a_job_reads_a_table_into_files(desk):
    text = desk.type("run", "sales")
    assert "400 rows" in text
    frame = pl.read_parquet(desk.place / "out")
    assert (frame.height, frame["price"].dtype) == (398, pl.Decimal(9, 2))
    assert pl.read_parquet(desk.place / "out_quarantine").height == 2
    text = desk.type("run", "sales", "cluster=processes")
    assert pl.read_parquet(desk.place / "out").height == 398


def test_a_run_cut_off_while_it_reads_starts_over_and_one_that_has_read_all_is_finished(desk):
    def request(store):
        loaded = load(Job, None, ["sales"])
        return Request(loaded.job, loaded.yaml(), loaded.place, InProcessWorkers(), store=store)

    store = open_store(".ingest")
    with pytest.raises(Crash):
        drive(request(CrashingStore(store, 11)))
    gc.collect()
    text = desk.type("run", "sales", code=1)
    assert "the snapshot that this run reads is gone" in text
    assert "--fresh" in text
    desk.type("run", "sales", "--fresh")
    assert pl.read_parquet(desk.place / "out").height == 398
