"""A13: what is appended has the columns, types, folders and format of what is there."""

import json

import pytest

from ingest.sinks.directory.local.place import Folder
from tests.faults.state import assert_done, assert_refused


def publish(state, sink=None, **changes):
    state.describe(sink={"write_disposition": "append", **(sink or {})}, **changes)
    assert_done(state.run())


TO_TEXT = {"columns": {"id": "string"}}


@pytest.mark.parametrize("command", ["plan", "run"])
@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_a_column_that_changed_its_type(state, command, kind):
    publish(state, {"type": kind})
    first = state.last()
    before = {path.name for path in (state.place / "out").iterdir()}
    state.describe(contract=TO_TEXT, sink={"type": kind, "write_disposition": "append"})
    assert_refused(
        getattr(state, command)(),
        'sink.columns: "id" is string here, int64 there. Write contract.columns: {id: int64}',
        f'run {first} of job "orders" has published to "{state.place}/out"',
        "sink.write_disposition=overwrite",
    )
    assert {path.name for path in (state.place / "out").iterdir()} == before


def test_the_way_out_works(state):
    publish(state)
    state.describe(contract=TO_TEXT, sink={"write_disposition": "append"})
    assert_done(state.run("orders", "sink.write_disposition=overwrite"))
    assert state.ids() == ["1", "2"]


def test_a_new_column(state):
    publish(state)
    state.describe(
        sink={"write_disposition": "append"},
        transforms=[{"type": "derive", "columns": {"twice": "id * 2"}}],
    )
    assert_refused(state.run(), 'columns: "twice" (', "is new", "Remove it with a select step")


def test_a_missing_column_and_the_way_out(state):
    publish(state)
    leave = [{"type": "select", "columns": ["id"]}]
    state.describe(sink={"write_disposition": "append"}, transforms=leave)
    assert_refused(state.run(), 'columns: "name" (string) is missing', "CAST(NULL AS")
    add = {"type": "derive", "columns": {"name": "CAST(NULL AS STRING)"}}
    state.describe(sink={"write_disposition": "append"}, transforms=[*leave, add])
    assert_done(state.run())
    assert state.ids() == [1, 1, 2, 2]


@pytest.mark.parametrize(("kind", "refused"), [("csv", True), ("parquet", False)])
def test_another_order_of_columns_where_readers_go_by_it(state, kind, refused):
    publish(state, {"type": kind})
    turn = [{"type": "select", "columns": ["name", "id"]}]
    state.describe(sink={"type": kind, "write_disposition": "append"}, transforms=turn)
    result = state.run()
    if refused:
        assert_refused(result, "columns: in the order name, id here, id, name there")
    else:
        assert_done(result)


def test_another_format(state):
    publish(state)
    state.describe(sink={"type": "csv", "write_disposition": "append"})
    assert_refused(state.run(), "sink.type: csv here, parquet there")


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("delimiter", ";", 'delimiter: ";" here, "," there'),
        ("header", False, "header: false here, true there"),
        ("null_text", "NULL", 'null_text: "NULL" here, "" there'),
        ("compression", "gz", 'compression: "gz" here, "none" there'),
    ],
)
def test_another_way_to_write_the_format(state, option, value, said):
    publish(state, {"type": "csv"})
    state.describe(sink={"type": "csv", "write_disposition": "append", option: value})
    assert_refused(state.run(), said)


@pytest.mark.parametrize("disposition", ["append", "overwrite_partitions"])
def test_another_layout_of_folders(state, disposition):
    parts = {"partition_by": ["name"], "write_disposition": disposition}
    publish(state)
    state.describe(sink=parts)
    assert_refused(state.run(), "partition_by: [name] here, [] there")
    assert state.ids() == [1, 2]
    assert_done(state.run("orders", "sink.write_disposition=overwrite"))
    assert_done(state.run())
    state.describe(sink={**parts, "partition_by": ["id"]})
    assert_refused(state.run(), "partition_by: [id] here, [name] there")


def test_a_type_that_changed_under_overwrite_partitions(state):
    parts = {"partition_by": ["name"], "write_disposition": "overwrite_partitions"}
    publish(state, parts)
    state.describe(contract=TO_TEXT, sink=parts)
    assert_refused(state.run(), '"id" is string here, int64 there')


def test_what_is_replaced_may_have_any_form(state):
    publish(state)
    state.describe(
        sink={"type": "csv", "partition_by": ["name"], "null_text": "NULL"}, contract=TO_TEXT
    )
    assert_done(state.run())


def test_only_what_is_still_there_counts(state):
    publish(state)
    for path in (state.place / "out").glob("*.parquet"):
        path.unlink()
    publish(state, contract=TO_TEXT)


def test_another_job_that_appends_is_held_to_it_too(state):
    publish(state)
    state.rows("in/returns/a.csv", 5)
    state.describe("returns", contract=TO_TEXT, sink={"write_disposition": "append"})
    assert_refused(state.run("returns"), '"id" is string here, int64 there')


def test_a_manifest_that_says_nothing_of_it_does_not_stand_in_the_way(state):
    publish(state, {"type": "csv"})
    path = Folder(state.place / "out").manifest_path(state.last())
    page = json.loads(path.read_text())
    for key in ("schema", "reading"):
        del page[key]
    path.write_text(json.dumps(page))
    publish(state, {"type": "csv"})


def test_a_quarantine_of_other_columns_has_advice_of_its_own(state):
    state.write("in/orders/b.csv", "id,name\nx,y\n")
    quarantine = {"on_error": "quarantine"}
    publish(state, contract=quarantine)
    path = Folder(state.place / "out_quarantine").manifest_path(state.last())
    page = json.loads(path.read_text())
    page["schema"].pop("row")
    path.write_text(json.dumps(page))
    assert_refused(state.run(), "contract", "contract.quarantine.path=DIR", '"row" (string) is new')
