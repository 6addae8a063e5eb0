"""What is said before anything runs of a table, its columns, rights and keys."""

import polars as pl
import pytest

from ingest.core.errors import ConfigError
from ingest.core.types import schema_to_json
from ingest.sinks.base import Delivery
from ingest.sinks.postgres import Postgres

HERE = {"id": pl.Int32(), "text": pl.String(), "price": pl.Decimal(9, 2), "new": pl.Boolean()}


def sink(database, user="postgres", **more):
    told = {"type": "postgres", "table": "public.orders", "write_disposition": "append", **more}
    return Postgres(connection=database.connection(user=user), **told)


def said(call, *words):
    with pytest.raises(ConfigError) as error:
        call(*words)
    return error.value.lines


def test_columns_that_do_not_go_with_the_table_are_listed_all_at_once(database):
    database.execute(
        "CREATE TABLE public.orders (id bigint, text varchar(10), price numeric(8,2), "
        "double bigint GENERATED ALWAYS AS (id * 2) STORED, extra text, at date DEFAULT now())"
    )
    schema = schema_to_json({**HERE, "double": pl.Int64()})
    assert said(sink(database).check_published, "orders", schema) == (
        'columns: "text" is text here, character varying(10) in the table. Change it with a cast '
        "step",
        'columns: "price" is numeric(9,2) here, numeric(8,2) in the table. Change it with a cast '
        "step",
        'columns: "new" (boolean) is not in the table. Remove it with a select step, or write '
        "schema_evolution: add_columns",
        'columns: "double" is computed by the table. Remove it with a select step',
        'columns: "extra" (text) of the table is missing here and has no default. Add it with a '
        "derive step, as null if necessary: CAST(NULL AS …)",
    )


def test_new_columns_are_added_only_if_told_in_the_transaction_of_the_run(database):
    database.execute(
        "CREATE TABLE public.orders (id bigint, text text, price numeric)",
        "INSERT INTO public.orders VALUES (1, 'old', 1.5)",
    )
    target = sink(database, schema_evolution="add_columns")
    target.check_published("orders", schema_to_json(HERE))
    frame = pl.DataFrame([(2, "x", "2.50", True)], schema=list(HERE), orient="row").cast(HERE)
    staged = [(0, each) for each in target.stage(frame, "run1", "1-0-1")]
    lines = target.prepare(staged, Delivery("run1", "main", "o", "me", schema_to_json(HERE)))
    target.publish(list(lines))
    assert database.rows("SELECT id, price::text, new FROM public.orders ORDER BY id") == [
        (1, "1.5", None),
        (2, "2.50", True),
    ]


def test_a_merge_needs_a_unique_index_over_its_key(database):
    database.execute(
        "CREATE TABLE public.orders (id bigint, part text, UNIQUE (id, part))",
        "CREATE UNIQUE INDEX ON public.orders (part) WHERE id > 0",
    )
    target = sink(database, write_disposition="merge", primary_key=("id",))
    schema = schema_to_json({"id": pl.Int64(), "part": pl.String()})
    assert said(target.check_published, "orders", schema) == (
        "primary_key: public.orders has no unique index over [id]. Its unique indexes: id, part. "
        'Create one: CREATE UNIQUE INDEX ON "public"."orders" ("id")',
    )
    both = sink(database, write_disposition="merge", primary_key=("part", "id"))
    both.check_published("orders", schema)


def test_a_partitioned_table_takes_rows_but_no_merge(database):
    database.execute(
        "CREATE TABLE public.orders (id bigint PRIMARY KEY) PARTITION BY RANGE (id)",
        "CREATE TABLE public.few PARTITION OF public.orders FOR VALUES FROM (0) TO (9)",
    )
    schema = schema_to_json({"id": pl.Int64()})
    sink(database).check(())
    sink(database).check_published("orders", schema)
    merging = sink(database, write_disposition="merge", primary_key=("id",))
    assert "public.orders is a partitioned table" in said(merging.check_published, "o", schema)[0]


def test_rights_that_a_role_lacks_are_listed_with_what_grants_them(database):
    database.execute(
        "DO $$ BEGIN CREATE ROLE clerk LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
        "CREATE TABLE public.orders (id bigint)",
        "CREATE VIEW public.seen AS SELECT 1 AS id",
    )
    assert said(sink(database, "clerk").check, ()) == (
        "table: clerk may not SELECT and INSERT on public.orders. As its owner: GRANT SELECT, "
        'INSERT ON "public"."orders" TO "clerk"',
        f"staging_schema: there is no schema ingest, and clerk may not create one in "
        f'{database.name}. As its owner: CREATE SCHEMA "ingest" AUTHORIZATION "clerk"',
    )
    database.execute(
        "GRANT SELECT, INSERT ON public.orders TO clerk", "CREATE SCHEMA ingest AUTHORIZATION clerk"
    )
    sink(database, "clerk").check(())
    assert said(sink(database, table="public.seen").check, ()) == (
        "table: public.seen is a view. Use a table",
    )
    assert "there is no schema shop" in said(sink(database, table="shop.x").check, ())[0]


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ({"write_disposition": "merge"}, "merge needs one"),
        ({"primary_key": ("id",)}, "append has none"),
        ({"write_disposition": "overwrite"}, "Input should be 'append' or 'merge'"),
        ({"replaces_jobs": "any"}, "has no effect"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(shared_database, told, text):
    with pytest.raises(ValueError, match=text):
        sink(shared_database, **told)
