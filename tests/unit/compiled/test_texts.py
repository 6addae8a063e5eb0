"""What compiled code says of texts is what Polars says; it touches no byte that it may not."""

import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.checks.contract import Contract
from ingest.compiled import texts
from ingest.compiled.library import SOURCES

RULES = (
    {"type": "length", "column": "text", "min": 2, "max": 5},
    {"type": "length", "column": "text", "min": 13},
    {"type": "length", "column": "text", "max": 12},
    {"type": "in_set", "column": "text", "values": ["a", "", "éé", "abcdefghijkl"]},
    {"type": "in_set", "column": "text", "values": ["a", "abcdefghijklm"]},
    {"type": "matches", "column": "text", "pattern": "[a-z]{3}"},
    {"type": "matches", "column": "text", "pattern": r"\wb.*"},
)
TEXTS = st.text(st.sampled_from("abcé٣\n\0"), max_size=20) | st.sampled_from(
    ["a", "abcdefghijkl", "abcdefghijklm", "a" * 40, "é" * 6, "é" * 7]
)


def broken(rule: dict[str, object], column: pl.Series) -> list[bool]:
    contract = Contract.model_validate({"checks": [rule]})
    (violation,) = contract.rules({"text": pl.String()}).row
    flags = violation.broken.fill_null(value=False)
    return column.to_frame().select(flags).to_series().to_list()


def test_it_was_built_where_there_is_a_compiler() -> None:
    assert texts.is_there() or not shutil.which("cc")


@pytest.mark.parametrize("rule", RULES, ids=str)
@given(values=st.lists(st.none() | TEXTS, max_size=40))
def test_rules_say_the_same_with_it_and_without(
    rule: dict[str, object], values: list[str | None]
) -> None:
    column = pl.Series("text", values, pl.String)
    column = pl.concat([column.head(3), column, column.tail(2)], rechunk=False).slice(1)
    found = broken(rule, column)
    with pytest.MonkeyPatch.context() as without:
        without.setenv("INGEST_COMPILED", "0")
        assert found == broken(rule, column)


@pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler")
def test_no_byte_is_touched_that_may_not_be(tmp_path: Path) -> None:
    """Random texts are looked at by a library that checks each access of memory."""
    checked = tmp_path / "texts.so"
    flags = ("-std=c11", "-g", "-O1", "-fPIC", "-shared", "-fsanitize=address,undefined")
    strict = ("-fno-sanitize-recover=all", "-Wall", "-Wextra", "-Werror")
    subprocess.run(["cc", *flags, *strict, "-o", checked, *SOURCES], check=True)
    found = subprocess.run(
        ["cc", "-print-file-name=libasan.so"], check=True, capture_output=True, text=True
    )
    subprocess.run(
        [sys.executable, Path(__file__).with_name("looking.py"), checked],
        check=True,
        env={"LD_PRELOAD": found.stdout.strip(), "ASAN_OPTIONS": "detect_leaks=0"},
        timeout=100,
    )
