"""python: a function of the job's folder, and no other."""

import polars as pl
import pytest
from pydantic import ValidationError

from ingest.core.errors import ConfigError, FatalError
from ingest.core.rows import POSITION
from ingest.transforms.base import StepContext
from ingest.transforms.python import Python

ROWS = pl.LazyFrame({"n": [1, 2], POSITION: [0, 1]})
MODULE = """
import polars as pl
LIMIT = 3
def more(rows): return rows.with_columns(twice=rows["n"] * 2)
def same(rows): return rows
def wrong(rows): return [1]
def fewer(rows): return rows.head(1)
"""


@pytest.fixture
def context(tmp_path):
    (tmp_path / "functions.py").write_text(MODULE)
    (tmp_path / "broken.py").write_text("import no_such_module_anywhere")
    return StepContext(job_folder=str(tmp_path))


def run(context: StepContext, function: str, **options: object) -> pl.DataFrame:
    step = Python(type="python", function=function, **options)
    step.prepare(context)
    return step.apply(ROWS, context).collect()


def test_the_declared_columns_come_out(context):
    found = run(context, "functions:more", columns={"n": "int64", "twice": "int64"})
    assert found.rows() == [(1, 2), (2, 4)]
    assert run(context, "functions:same").columns == ["n"]


def test_row_by_row_each_row_keeps_its_place(context):
    found = run(context, "functions:more", columns={"n": "int64", "twice": "int64"}, row_wise=True)
    assert found.to_dict(as_series=False) == {"n": [1, 2], "twice": [2, 4], POSITION: [0, 1]}


def test_another_number_of_rows_breaks_the_promise(context):
    with pytest.raises(FatalError, match="returned 1 rows for 2"):
        run(context, "functions:fewer", row_wise=True)
    assert run(context, "functions:fewer").height == 1


def test_only_what_is_promised_counts_as_by_row():
    assert Python(type="python", function="f:g", row_wise=True).by_row
    assert not Python(type="python", function="f:g").by_row


def test_a_changed_module_is_read_again(context, tmp_path):
    assert run(context, "functions:same").height == 2
    (tmp_path / "functions.py").write_text("def same(rows): return rows.head(1)")
    assert run(context, "functions:same").height == 1


def test_what_it_returns_is_checked(context):
    with pytest.raises(FatalError, match=r"returned list\. It must return a polars\.DataFrame"):
        run(context, "functions:wrong")
    with pytest.raises(FatalError, match=r"returned the columns .*'twice'.* Declare other"):
        run(context, "functions:more")


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        ("functions:mor", 'has no function "mor". Did you mean "more"?'),
        ("functions:LIMIT", 'has no function "LIMIT"'),
        ("function:more", "there is no file"),
        (
            "broken:x",
            'cannot be imported: line 1: no module "no_such_module_anywhere" is installed',
        ),
        ("not_installed", 'no entry point "not_installed" of the group ingest.functions'),
        ("os:system", "there is no file"),
    ],
)
def test_only_functions_of_the_job_are_found(context, function, reason):
    with pytest.raises(ConfigError) as caught:
        run(context, function)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\ndef f(rows)\n  1", "odd.py:2: SyntaxError: expected ':': 'def f(rows)'. Fix the"),
        ("x = 1\nx / 0", "odd.py cannot be imported: line 2: ZeroDivisionError: division by zero."),
        ("import os\nimport odd_package.part", "all its machines: pip install odd_package (the"),
    ],
)
def test_a_module_that_cannot_be_imported_is_told_by_file_line_and_text(
    context, tmp_path, text, said
):
    (tmp_path / "odd.py").write_text(text)
    with pytest.raises(ConfigError) as caught:
        run(context, "odd:f")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "function", ["os.path:join", "../x:y", "a:b:c", "", "functions:__import__('os')"]
)
def test_a_path_is_no_name(function):
    with pytest.raises(ValidationError):
        Python(type="python", function=function)


def test_an_operator_can_shut_the_door(context):
    shut = StepContext(job_folder=context.job_folder, python=False)
    with pytest.raises(ConfigError, match="turned off"):
        run(shut, "functions:same")
    with pytest.raises(ConfigError, match="turned off"):
        Python(type="python", function="functions:same").apply(ROWS, shut)


@pytest.mark.parametrize(
    ("text", "function", "said"),
    [
        ("def nap(rows): return rows", "odd:nopp", 'no function "nopp". Functions there: nap.'),
        ("def nap(rows): return rows", "odd:nab", 'Did you mean "nap"?'),
        ("def nap(rows) return rows", "odd:nap", "odd.py:1: SyntaxError: expected ':'"),
        ("'\0'", "odd:nap", "odd.py cannot be imported: SyntaxError: source code"),
        ("", "nap", 'no entry point "nap" of the group ingest.functions is installed'),
        ("", "od:nap", "there is no file"),
    ],
)
def test_a_function_that_is_not_there_is_refused_without_an_import(tmp_path, text, function, said):
    (tmp_path / "odd.py").write_text(f"{text}\nopen({str(tmp_path / 'ran')!r}, 'w')")
    step = Python(type="python", function=function)
    with pytest.raises(ConfigError) as caught:
        step.check(StepContext(job_folder=str(tmp_path)))
    assert said in str(caught.value)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "text",
    [
        "def nap(rows): return rows",
        "nap = print",
        "if 1:\n    from os import path as nap",
        "from os.path import *",
        "globals()['n' + 'ap'] = print",
        "def __getattr__(name): return print",
        "import no_such_module\nnap = no_such_module.nap",
    ],
)
def test_what_may_be_there_is_left_to_the_import(tmp_path, text):
    (tmp_path / "odd.py").write_text(text)
    Python(type="python", function="odd:nap").check(StepContext(job_folder=str(tmp_path)))


def test_check_too_knows_that_the_door_is_shut(context):
    with pytest.raises(ConfigError, match="turned off"):
        Python(type="python", function="functions:same").check(StepContext(python=False))
