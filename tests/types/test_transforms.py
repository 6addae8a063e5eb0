"""The laws of steps, for every listed step."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import TypeAdapter

from ingest.core.model import describe
from ingest.testing.transforms import LAWS, Subject
from ingest.transforms import TRANSFORMS
from ingest.transforms.base import StepContext

ROWS = pl.DataFrame(
    {
        "id": [1, 2, None, 4],
        "name": [" Ada ", "x-1", None, "Bob"],
        "amount": ["1.5", "oops", None, "3.25"],
        "tags": [["a", "b"], [], None, ["c"]],
        "place": [
            {"city": "Rome", "zip": 1},
            {"city": None, "zip": 2},
            None,
            {"city": "Oslo", "zip": 3},
        ],
    }
)
AIRLINES = "code,title\n1,One\n4,Four\n"
CONTEXT = StepContext(
    job="demo",
    run_id="r1",
    loaded_at=datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
    uris=("a.csv", "b.csv"),
)
FUNCTIONS = "def double(rows):\n    return rows.with_columns(rows['id'] * 2)\n"


def step(type: str, **options: Any) -> Any:  # noqa: A002 - as in YAML
    """Build a step from options as they stand in YAML, without coercion."""
    classes = {cls.model_fields["type"].annotation.__args__[0]: cls for cls in TRANSFORMS.builtin}
    return TypeAdapter(classes[type]).validate_python({"type": type, **options})


def rows(*numbers: int, **columns: Any) -> pl.DataFrame:
    """Return rows of ROWS by number, with columns added or replaced."""
    return ROWS[list(numbers)].with_columns(**columns)


def sha256(*values: str | None) -> pl.Series:
    hashed = [v if v is None else hashlib.sha256(f"salt{v}".encode()).hexdigest() for v in values]
    return pl.Series(hashed, dtype=pl.String)


ALL = range(4)
TIMES = pl.lit(CONTEXT.loaded_at).cast(pl.Datetime("us", "UTC"))
SUBJECTS: dict[str, Callable[[Path], Subject]] = {
    "add_metadata": lambda _: Subject(
        step("add_metadata"),
        ROWS,
        rows(
            *ALL,
            _ingest_run_id=pl.lit("r1"),
            _ingest_source=pl.lit("a.csv"),
            _ingest_loaded_at=TIMES,
        ),
        names_columns=False,
        context=CONTEXT,
    ),
    "cast": lambda _: Subject(
        step("cast", columns={"amount": "decimal(9,2)", "id": {"type": "string"}}),
        ROWS,
        rows(
            0, 2, 3, id=pl.Series(["1", None, "4"]), amount=pl.col("amount").cast(pl.Decimal(9, 2))
        ),
        rejected=(1,),
    ),
    "deduplicate": lambda _: Subject(
        step("deduplicate", within="partition", columns=["id"], keep="last"),
        pl.concat([ROWS, ROWS[:1]]),
        ROWS[[1, 2, 3, 0]],
    ),
    "derive": lambda _: Subject(
        step(
            "derive",
            columns={"next": "id + 1", "more": "next * 2", "id": "CAST(amount AS float64)"},
        ),
        ROWS,
        rows(
            0,
            2,
            3,
            id=pl.Series([1.5, None, 3.25]),
            next=pl.Series([2, None, 5]),
            more=pl.Series([4, None, 10]),
        ),
        rejected=(1,),
    ),
    "drop_nulls": lambda _: Subject(step("drop_nulls", columns=["id"]), ROWS, ROWS[[0, 1, 3]]),
    "explode": lambda _: Subject(
        step("explode", column="tags"),
        ROWS,
        rows(0, 0, 1, 2, 3, tags=pl.Series(["a", "b", None, None, "c"])),
    ),
    "extract": lambda _: Subject(
        step(
            "extract",
            column="name",
            pattern="(?P<first>[A-Z])(?P<rest>[a-z]+)",
            on_mismatch="reject",
        ),
        ROWS,
        rows(0, 2, 3, first=pl.Series(["A", None, "B"]), rest=pl.Series(["da", None, "ob"])),
        rejected=(1,),
    ),
    "fill_null": lambda _: Subject(
        step("fill_null", columns={"id": 0, "name": "?"}),
        ROWS,
        rows(*ALL, id=pl.Series([1, 2, 0, 4]), name=pl.Series([" Ada ", "x-1", "?", "Bob"])),
    ),
    "filter": lambda _: Subject(
        step("filter", where="CAST(amount AS float64) > 2"), ROWS, ROWS[[3]], rejected=(1,)
    ),
    "flatten": lambda _: Subject(
        step("flatten", columns=["place"]),
        ROWS,
        rows(*ALL).unnest("place").rename({"city": "place_city", "zip": "place_zip"}),
        makes=frozenset({"place_city", "place_zip"}),
    ),
    "lookup": lambda folder: Subject(
        step(
            "lookup",
            reference={
                "path": str(_file(folder, "codes.csv", AIRLINES)),
                "columns": {"code": "int64"},
            },
            key={"id": "code"},
            columns={"title": "airline"},
        ),
        ROWS,
        rows(*ALL, airline=pl.Series(["One", None, None, "Four"])),
    ),
    "mask": lambda folder: Subject(
        step(
            "mask",
            columns=["name"],
            method="hash",
            salt={"file": str(_file(folder, "salt", "salt\n"))},
        ),
        ROWS,
        rows(*ALL, name=sha256(" Ada ", "x-1", None, "Bob")),
    ),
    "normalize_text": lambda _: Subject(
        step("normalize_text", columns=["name"], case="upper"),
        ROWS,
        rows(*ALL, name=pl.Series(["ADA", "X-1", None, "BOB"])),
    ),
    "python": lambda folder: Subject(
        step("python", function="functions:double"),
        ROWS,
        rows(*ALL, id=pl.Series([2, 4, None, 8])),
        keeps_hidden=False,
        names_columns=False,
        context=StepContext(job_folder=str(_file(folder, "functions.py", FUNCTIONS).parent)),
    ),
    "python, row by row": lambda folder: Subject(
        step("python", function="functions:double", row_wise=True),
        ROWS,
        rows(*ALL, id=pl.Series([2, 4, None, 8])),
        names_columns=False,
        context=StepContext(job_folder=str(_file(folder, "functions.py", FUNCTIONS).parent)),
    ),
    "rename": lambda _: Subject(
        step("rename", columns={"id": "name", "name": "id"}),
        ROWS,
        ROWS.rename({"id": "name", "name": "id"}),
    ),
    "sample": lambda _: Subject(step("sample", fraction=0.5, columns=["name"]), ROWS, _sampled()),
    "select": lambda _: Subject(
        step("select", columns=["name", "*", "-tags", "-pl*"]),
        ROWS,
        ROWS.select("name", "id", "amount"),
    ),
    "split": lambda _: Subject(
        step("split", column="name", separator="-", into=["left", "right"], keep=False),
        ROWS,
        ROWS.drop("name").with_columns(
            left=pl.Series([" Ada ", "x", None, "Bob"]), right=pl.Series([None, "1", None, None])
        ),
    ),
    "sql": lambda _: Subject(
        step("sql", query="SELECT max(id) AS id, count(*) AS n FROM input"),
        ROWS,
        pl.DataFrame({"id": [4], "n": [4]}, schema={"id": pl.Int64, "n": pl.Int64}),
        keeps_hidden=False,
        makes=frozenset({"n"}),
    ),
}


def _file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    if not path.exists():
        path.write_text(text)
    return path


def _sampled() -> pl.DataFrame:
    """Return the rows of the lower half of hashes: the law is only that they stay the same."""
    return ROWS.filter(pl.struct("name").hash(seed=0) <= 2**63)


def test_every_listed_step_has_an_example():
    assert {name.partition(",")[0] for name in SUBJECTS} == {
        cls.model_fields["type"].annotation.__args__[0] for cls in TRANSFORMS.builtin
    }


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("name", SUBJECTS)
def test_law(name, law, tmp_path):
    law(SUBJECTS[name](tmp_path))


@pytest.mark.parametrize("cls", TRANSFORMS.builtin)
def test_every_option_is_described(cls):
    describe(cls)
    missing = [
        name for name, field in cls.model_fields.items() if name != "type" and not field.description
    ]
    assert not missing
    assert cls.__doc__
