"""The laws of sinks, for every listed sink and some of their options."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import polars as pl
import pytest

from ingest.sinks import SINKS
from ingest.sinks.base import Disposition, Sink
from ingest.sinks.postgres import Postgres
from ingest.testing.sinks import LAWS, ROWS, Subject

OPTIONS: dict[str, list[dict[str, Any]]] = {
    "parquet": [{}, {"target_file_bytes": 1, "row_group_rows": 1}],
    "csv": [
        {"null_text": "NULL"},
        {"null_text": "\\N", "delimiter": "|", "quoting": "non_numeric", "compression": "gz"},
    ],
    "delta": [{}, {"target_file_bytes": 1, "row_group_rows": 1}],
    "jsonl": [{}, {"compression": "gz"}, {"compression": "zst", "target_file_bytes": 1}],
}
SERVED = (Postgres,)
"""Those that need a server: under test in tests/services."""
CASES = [
    pytest.param(kind, options, id=f"{kind.model_fields['type'].annotation.__args__[0]}-{number}")
    for kind in SINKS.builtin
    if kind not in SERVED
    for number, options in enumerate(OPTIONS[kind.model_fields["type"].annotation.__args__[0]])
]


def test_every_sink_is_under_test() -> None:
    here = [kind for kind in SINKS.builtin if kind not in SERVED]
    assert {kind.model_fields["type"].annotation.__args__[0] for kind in here} == set(OPTIONS)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize(("kind", "options"), CASES)
def test_law(
    tmp_path: Path,
    kind: type[Sink],
    options: dict[str, Any],
    law: Callable[[Subject], None],
) -> None:
    root = tmp_path / "out"
    name = kind.model_fields["type"].annotation.__args__[0]

    def make(disposition: Disposition) -> Sink:
        return kind(
            type=name,
            path=str(root),
            write_disposition=disposition,
            partition_by=("part",),
            **({"primary_key": ("id",)} if disposition == "merge" else {}),
            **options,
        )

    dispositions = get_args(kind.model_fields["write_disposition"].annotation)
    law(Subject(make, lambda: read(root, name, options), frozenset(dispositions)))


def read(root: Path, name: str, options: dict[str, Any]) -> pl.DataFrame:
    """Read a directory as anybody would who knows its format."""
    if name == "delta":
        there = (root / "_delta_log").exists()
        return pl.read_delta(str(root)).select(ROWS.columns) if there else ROWS.clear()
    files = sorted(root.rglob(f"*.{name}*"))
    frames = [ROWS.clear()]
    for path in files:
        if name == "parquet":
            frame = pl.read_parquet(path, hive_partitioning=False)
        elif name == "csv":
            frame = pl.read_csv(
                path,
                separator=options.get("delimiter", ","),
                null_values=[options["null_text"]],
                schema={k: v for k, v in ROWS.schema.items() if k != "part"},
            )
        else:
            frame = pl.read_ndjson(
                path, schema={k: v for k, v in ROWS.schema.items() if k != "part"}
            )
        value = path.parent.name.removeprefix("part=")
        part = None if value == "__HIVE_DEFAULT_PARTITION__" else value
        frames.append(
            frame.with_columns(pl.lit(part, dtype=pl.String).alias("part")).select(ROWS.columns)
        )
    return pl.concat(frames)
