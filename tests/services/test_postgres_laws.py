"""The laws of sinks, for tables of a real PostgreSQL server."""

import secrets

import polars as pl
import pytest

from ingest.sinks.postgres import Postgres
from ingest.testing.sinks import LAWS, ROWS, Subject


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_law(shared_database, law):
    table = f"public.t_{secrets.token_hex(6)}"

    def make(disposition):
        key = ("id",) if disposition == "merge" else ()
        return Postgres(
            type="postgres",
            connection=shared_database.connection(),
            table=table,
            write_disposition=disposition,
            primary_key=key,
        )

    def read():
        there = shared_database.rows(f"SELECT to_regclass('{table}') IS NOT NULL")[0][0]
        frame = shared_database.table(table) if there else ROWS.clear()
        return frame.select(pl.col(name).cast(kind) for name, kind in ROWS.schema.items())

    law(Subject(make, read, frozenset({"append", "merge"})))
