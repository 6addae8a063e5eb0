"""Whatever is lost between a sink and its database: each run is in the table once, and whole."""

import threading
from contextlib import suppress

import polars as pl
import pytest

from ingest.core.errors import FatalError, IngestError, RetryableError
from ingest.core.types import schema_to_json
from ingest.sinks.base import Delivery
from ingest.sinks.postgres import Postgres
from ingest.testing.sinks import CHANGED, ROWS
from ingest.testing.wire import WireProxy

MERGE = {"write_disposition": "merge", "primary_key": ("id",)}


@pytest.fixture
def wire(postgres_server):
    with WireProxy("127.0.0.1", postgres_server.port) as proxy:
        yield proxy


def sink(database, **more):
    told = {"type": "postgres", "table": "public.orders", "write_disposition": "append"}
    port, tries = more.pop("port", database.server.port), more.pop("max_tries", 6)
    connection = database.connection(port=port, max_tries=tries)
    return Postgres(connection=connection, **{**told, **more})


def prepared(target, rows, run_id="run1"):
    staged = [(0, each) for each in target.stage(rows, run_id, "1-0-1")]
    delivery = Delivery(run_id, "main", "orders", "me", schema_to_json(rows.schema))
    return list(target.prepare(staged, delivery))


def counted(published):
    return published.rows, published.inserted, published.updated


@pytest.mark.parametrize("mode", ["lost", "reset"])
def test_a_lost_answer_of_the_commit_is_asked_for_again(database, wire, mode):
    lines = prepared(sink(database), ROWS)
    wire.arm(mode, match="^COMMIT", after=1)  # the first one creates the table of runs
    assert counted(sink(database, port=wire.port).publish(lines)) == (4, 4, 0)
    assert wire.strikes == 1
    assert database.count("public.orders") == 4
    assert database.staging() == []


def test_a_publish_that_is_cut_off_at_any_change_is_finished_by_the_next(database, wire):
    sink(database, **MERGE).publish(prepared(sink(database, **MERGE), ROWS))
    mortal = sink(database, port=wire.port, max_tries=1, **MERGE)
    place, rows = 0, ROWS.height
    while place == wire.strikes:  # until no statement is left to be struck
        change = CHANGED.with_columns(
            id=pl.col("id") + pl.when(pl.col("id") > 2).then(place).otherwise(0)
        )
        lines = prepared(sink(database, **MERGE), change, f"run{place + 2}")
        wire.arm(
            ("reset", "lost")[place % 2], match="^(CREATE|COPY|WITH|INSERT|DROP|COMMIT)",
            after=place,
        )  # fmt: skip
        with suppress(IngestError):
            mortal.publish(lines)
        wire.calm()
        again = sink(database, **MERGE).publish(lines)
        assert (again.rows, again.inserted, again.updated) == (3, 1, 2)
        rows, place = rows + 1, place + 1
        assert database.count("public.orders") == rows
    assert wire.strikes > 10
    assert database.staging() == []


def test_a_try_whose_connection_is_lost_stages_nothing_and_the_next_one_counts(database, wire):
    struck = 0
    for place in range(40):
        wire.arm("lost", match='^(COPY "|COPY DONE|COMMIT|CREATE|BEGIN)', after=place)
        try:
            sink(database, port=wire.port).stage(ROWS, f"run{place}", "1-0-1")
        except RetryableError:
            struck += 1
        else:
            break
    assert struck == wire.strikes > 4
    wire.calm()
    published = sink(database).publish(prepared(sink(database), ROWS, "run0"))
    assert published.rows == database.count("public.orders") == 4


def test_of_two_drivers_that_publish_one_run_at_once_one_does(database):
    lines = prepared(sink(database), ROWS)
    start, ended = threading.Barrier(4), []

    def publish():
        start.wait()
        ended.append(counted(sink(database).publish(lines)))

    threads = [threading.Thread(target=publish) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ended == [(4, 4, 0)] * 4
    assert database.count("public.orders") == 4


def test_runs_of_two_states_that_merge_at_once_both_do_and_one_creates_the_table(database):
    runs = {run: prepared(sink(database, **MERGE), ROWS, run) for run in ("run1", "run2", "run3")}
    start, ended = threading.Barrier(3), []

    def publish(lines):
        start.wait()
        ended.append(sink(database, **MERGE).publish(lines))

    threads = [threading.Thread(target=publish, args=(lines,)) for lines in runs.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each.inserted for each in ended) == [0, 0, 4]
    assert sum(each.updated for each in ended) == 8
    assert database.count("public.orders") == 4


def test_rows_of_a_late_try_are_not_published_and_a_later_one_is_refused(database):
    target = sink(database)
    lines = prepared(target, ROWS)
    target.stage(ROWS, "run1", "1-0-2")
    assert target.publish(lines).rows == database.count("public.orders") == 4
    with pytest.raises(FatalError, match="run run1 is already published; this try is too late"):
        target.stage(ROWS, "run1", "1-0-3")
    target.discard("run1")
    assert database.staging() == []


@pytest.mark.parametrize("kind", ["bigint", "bigint UNIQUE"])
def test_a_late_try_does_no_harm_whatever_the_table_refuses(database, kind):
    database.execute(f"CREATE TABLE public.orders (id {kind}, name text)")
    rows = pl.DataFrame({"id": [1, 2], "name": ["a", "b"]})
    target = sink(database)
    lines = prepared(target, rows)
    target.stage(rows, "run1", "1-0-2")
    assert target.publish(lines).rows == database.count("public.orders") == 2


def test_staged_rows_that_are_gone_are_noticed_before_the_commit(database):
    target = sink(database)
    staged = [(0, each) for each in target.stage(ROWS, "run1", "1-0-1")]
    table = database.staging()[0]
    delivery = Delivery("run1", "main", "orders", "me", schema_to_json(ROWS.schema))
    database.execute(f'DELETE FROM ingest."{table}" WHERE id = 1')
    with pytest.raises(FatalError, match=r"3 of 4 staged rows are left\. Nothing was published"):
        list(target.prepare(staged, delivery))
    database.execute(f'DROP TABLE ingest."{table}"')
    with pytest.raises(FatalError, match="the staging table is gone"):
        list(target.prepare(staged, delivery))


def test_what_a_table_refuses_is_noticed_before_the_commit(database):
    database.execute(
        "CREATE TABLE public.orders (id bigint PRIMARY KEY, part text NOT NULL, text text, "
        "number double precision CHECK (number < 2), at timestamptz DEFAULT now())"
    )
    with pytest.raises(FatalError, match='null value in column "part"'):
        prepared(sink(database), ROWS)
    whole = ROWS.filter(pl.col("part").is_not_null())
    assert counted(sink(database).publish(prepared(sink(database), whole, "run2"))) == (3, 3, 0)
    with pytest.raises(FatalError, match="duplicate key value violates unique constraint"):
        prepared(sink(database), whole, "run3")
    with pytest.raises(FatalError, match="violates check constraint"):
        prepared(sink(database), whole.with_columns(id=pl.col("id") + 9, number=3.0), "run4")
    assert database.count("public.orders") == 3


def test_a_trigger_that_leaves_out_rows_is_noticed_before_the_commit(database):
    database.execute(
        "CREATE TABLE public.orders (id bigint, part text, text text, number double precision)",
        "CREATE FUNCTION public.skip() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN IF NEW.id = 2 THEN RETURN NULL; END IF; RETURN NEW; END'",
        "CREATE TRIGGER skip BEFORE INSERT ON public.orders FOR EACH ROW "
        "EXECUTE FUNCTION public.skip()",
    )
    with pytest.raises(FatalError, match="the table has taken 3 of 4 rows"):
        prepared(sink(database), ROWS)


def test_keys_that_occur_twice_are_named_unless_they_are_private(database):
    twice = pl.concat([ROWS, ROWS.head(2)])
    target = sink(database, **MERGE)
    staged = [(0, each) for each in target.stage(twice, "run1", "1-0-1")]
    schema = schema_to_json(ROWS.schema)
    with pytest.raises(FatalError, match=r"2 keys occur in several rows .*\[id\] = 1; 2\."):
        list(target.prepare(staged, Delivery("run1", "main", "orders", "me", schema)))
    private = Delivery("run1", "main", "orders", "me", schema, frozenset({"id"}))
    with pytest.raises(FatalError, match=r"\[id\] = not shown, private"):
        list(target.prepare(staged, private))


def test_a_table_of_keys_only_is_merged_into(database):
    keys = ROWS.select("id")
    target = sink(database, **MERGE)
    target.publish(prepared(target, keys))
    published = target.publish(prepared(target, pl.DataFrame({"id": [4, 5]}), "run2"))
    assert (published.inserted, published.updated, published.ignored) == (1, 0, 1)


def test_verify_counts_what_nobody_has_changed(database):
    target = sink(database, **MERGE)
    first = prepared(target, ROWS)
    target.publish(first)
    assert target.verify(first).notes == ()
    second = prepared(target, CHANGED, "run2")
    target.publish(second)
    assert (target.verify(second).notes, target.verify(second).problems) == ((), ())
    (note,) = target.verify(first).notes
    assert "2 of 4 rows are as this run wrote them" in note
    database.execute("DELETE FROM ingest.runs WHERE run_id = 'run1'")
    assert "does not contain run run1" in target.verify(first).problems[0]
