"""What the sinks that write a directory have in common."""

from pathlib import Path

import polars as pl
import pytest
from pydantic import ValidationError

from ingest.core.errors import ConfigError, FatalError
from ingest.sinks.directory import manifest
from ingest.sinks.directory.local.place import Folder
from ingest.sinks.directory.plan import PublishPlan
from ingest.sinks.jsonl import Jsonl
from ingest.testing.sinks import delivery

ROWS = pl.DataFrame({"month": [1, 2, 2], "value": ["a", "b", "c"]})


def sink(path: Path | str, **options: object) -> Jsonl:
    return Jsonl.model_validate(
        {"type": "jsonl", "path": str(path), "write_disposition": "append", **options}
    )


def publish(out: Jsonl, rows: pl.DataFrame, run_id: str) -> PublishPlan:
    files = [(7, file) for file in out.stage(rows, run_id, "1-7-1")]
    lines = list(out.prepare(files, delivery(run_id, "flights")))
    out.publish(lines)
    return PublishPlan(lines)


def test_published_names_say_run_partition_and_number(tmp_path: Path) -> None:
    out = sink(tmp_path / "out", partition_by=["month"])
    publish(out, ROWS, "run1")
    assert out.current() == ["month=1/run1-0000007-0.jsonl", "month=2/run1-0000007-1.jsonl"]
    assert out.files_of("run1") == out.current()
    assert pl.read_ndjson(tmp_path / "out" / out.current()[1])["value"].to_list() == ["b", "c"]


def test_the_manifest_says_what_was_published(tmp_path: Path) -> None:
    out = sink(tmp_path / "out", partition_by=["month"])
    publish(out, ROWS, "run1")
    overwriting = sink(tmp_path / "out", partition_by=["month"], write_disposition="overwrite")
    plan = publish(overwriting, ROWS.head(1), "run2")
    page = manifest.read(Folder(tmp_path / "out"), "run2")
    assert page["replaced"] == list(plan.removes()) == out.files_of("run1")
    assert {key: page[key] for key in ("run_id", "job", "rows", "disposition")} == {
        "run_id": "run2",
        "job": "flights",
        "rows": 1,
        "disposition": "overwrite",
    }
    (file,) = page["files"]
    assert file["name"] == "month=1/run2-0000007-0.jsonl"
    assert sorted(file) == ["bytes", "name", "rows", "sha256"]


def test_overwrite_partitions_names_only_touched_folders(tmp_path: Path) -> None:
    publish(sink(tmp_path / "out", partition_by=["month"]), ROWS, "run1")
    out = sink(tmp_path / "out", partition_by=["month"], write_disposition="overwrite_partitions")
    plan = publish(out, ROWS.tail(1), "run2")
    assert list(plan.removes()) == ["month=2/run1-0000007-1.jsonl"]
    assert not plan.exchange


def test_staging_is_beside_the_target_of_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk" / "real").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "disk" / "real")
    out = sink(tmp_path / "link", write_disposition="overwrite")
    publish(out, ROWS, "run1")
    assert (tmp_path / "link").is_symlink()
    assert out.uri == str(tmp_path / "disk" / "real")
    assert {path.name for path in (tmp_path / "disk").iterdir()} == {"real", ".ingest-real"}


def test_a_late_try_of_a_published_run_is_swept_by_the_next(tmp_path: Path) -> None:
    out = sink(tmp_path / "out")
    publish(out, ROWS, "run1")
    late = out.place.staging("run1") / "1-9-1-0.staged"
    late.parent.mkdir(parents=True)
    late.write_text("half")
    out.stage(ROWS, "run3", "1-0-1")
    publish(out, ROWS, "run2")
    assert {path.name for path in out.place.beside.iterdir()} == {"manifests", "run3"}


def test_a_run_that_is_being_published_cannot_be_discarded(tmp_path: Path) -> None:
    publish(sink(tmp_path / "out"), ROWS, "run1")
    out = sink(tmp_path / "out", write_disposition="overwrite")
    files = [(0, *out.stage(ROWS, "run2", "1-0-1"))]
    lines = list(out.prepare(files, delivery("run2", "flights")))
    steps = out.publish_steps(lines)
    next(steps)
    steps.close()  # type: ignore[attr-defined]
    with pytest.raises(FatalError, match="can only be finished"):
        out.discard("run2")
    out.publish(lines)
    assert len(out.current()) == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("", "at least 1 character"),
        ("s3://bucket", r"not a prefix of a bucket. Write s3://BUCKET/PATH"),
        ("s3://bucket/a/../b", "not a prefix of a bucket"),
        ("s3://key:secret@bucket/x", "contains credentials"),
        ("ftp://host/x", r"ftp:// is not supported. Directories are written to local paths and to"),
        (
            "az://container/x",
            r"az:// is written through a connection. Write one to conf/connection",
        ),
    ],
)
def test_places_that_there_are_none_of(path: str, text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        sink(path)


def test_a_prefix_of_a_bucket_is_a_place() -> None:
    out = sink("s3a://bucket/a/out/")
    assert (out.uri, out.place.beside_uri) == ("s3://bucket/a/out", "s3://bucket/a/.ingest-out")
    connection = {"type": "s3", "endpoint": "http://localhost:9"}
    named = sink("s3://bucket/x", connection=connection)
    assert named.beside("quarantine", "append").reached_by == named.reached_by
    assert named.at("/tmp/x").reached_by is None
    with pytest.raises(ValidationError, match="the environment opens s3:// or s3a://"):
        sink("out", connection=connection)


def test_a_file_uri_is_a_path(tmp_path: Path) -> None:
    assert sink(f"file://{tmp_path}/out").uri == str(tmp_path / "out")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"partition_by": ["a", "b", "a"]}, '"a" is listed twice'),
        ({"write_disposition": "overwrite_partitions"}, "overwrite_partitions needs partition_by"),
    ],
)
def test_options_that_contradict_each_other(options: dict[str, object], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        sink("out", **options)


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        (["mnth"], 'partition_by: no such column "mnth". Did you mean "month"?'),
        (["speed"], 'partition_by: column "speed" is float64. Only integers, strings'),
        (["month", "speed"], "no column is left for the files"),
    ],
)
def test_columns_that_cannot_be_folders(columns: list[str], text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        sink("out", partition_by=columns).check_schema({"month": pl.Int8(), "speed": pl.Float64()})
    assert text in str(caught.value)


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 2}'])
def test_a_manifest_that_cannot_be_read_stops_an_overwrite(tmp_path: Path, text: str) -> None:
    publish(sink(tmp_path / "out"), ROWS, "run1")
    (tmp_path / ".ingest-out" / "manifests" / "run1.json").write_text(text)
    out = sink(tmp_path / "out", write_disposition="overwrite")
    with pytest.raises(FatalError, match=r"run1\.json: (not a manifest|format 2)"):
        list(out.prepare([], delivery("run2")))
