"""split, extract, normalize_text, mask: text in, text out."""

import hashlib

import polars as pl
import pytest
from pydantic import ValidationError

from ingest.core.errors import ConfigError
from ingest.core.rows import REJECT
from ingest.transforms.base import StepContext, Transform
from ingest.transforms.extract import Extract
from ingest.transforms.mask import Mask
from ingest.transforms.normalize_text import NormalizeText
from ingest.transforms.split import Split


def run(step: Transform, *texts: str | None) -> pl.DataFrame:
    rows = pl.LazyFrame({"t": texts}, schema={"t": pl.String})
    return step.apply(rows, StepContext()).collect()


def test_the_last_part_takes_the_rest():
    found = run(Split(type="split", column="t", separator="/", into=["a", "b"]), "x/y/z", "x", None)
    assert found.rows() == [("x/y/z", "x", "y/z"), ("x", "x", None), (None, None, None)]


def test_one_name_takes_the_list_of_parts():
    found = run(Split(type="split", column="t", separator="/", into="t", keep=False), "x/y/z", None)
    assert found["t"].to_list() == [["x", "y", "z"], None]
    with pytest.raises(ConfigError, match='into: there is already a column "t"'):
        run(Split(type="split", column="t", separator="/", into="t"), "x")


def test_groups_that_took_no_part_are_null_and_a_mismatch_may_reject():
    pattern = r"^(?P<carrier>[A-Z]{2})(?P<number>\d+)?$"
    texts = ("UA", "UA517", "?", None)
    kept = run(Extract(type="extract", column="t", pattern=pattern), *texts)
    assert kept.rows() == [
        ("UA", "UA", None),
        ("UA517", "UA", "517"),
        ("?", None, None),
        (None, None, None),
    ]
    step = Extract(type="extract", column="t", pattern=pattern, on_mismatch="reject")
    assert run(step, *texts)[REJECT].to_list() == [
        None,
        None,
        "t: does not match the pattern",
        None,
    ]


@pytest.mark.parametrize("pattern", ["(", "abc", r"(\d)(?P<a>x)"])
def test_a_pattern_needs_named_groups(pattern):
    with pytest.raises(ValidationError, match=r"regular expression|groups without a name"):
        Extract(type="extract", column="t", pattern=pattern)


def test_text_is_normalized_in_one_order():
    step = NormalizeText(type="normalize_text", whitespace="collapse", case="lower", empty="null")
    found = run(step, " E\u0301cole\x00 \t Paris ", "\ufeffA\u200bB", " \x07 ", None)
    assert found["t"].to_list() == ["\u00e9cole paris", "ab", None, None]
    kept = NormalizeText(type="normalize_text", unicode=None, control="keep", whitespace="keep")
    assert run(kept, " E\u0301\x00 ")["t"].to_list() == [" E\u0301\x00 "]


def test_a_hash_is_salted_and_the_salt_is_not_shown(tmp_path):
    (tmp_path / "salt").write_text("pepper\n")
    step = Mask(type="mask", columns=["t"], method="hash", salt={"file": str(tmp_path / "salt")})
    expected = hashlib.sha256(b"pepperann").hexdigest()
    assert run(step, "ann", "ann", None)["t"].to_list() == [expected, expected, None]
    assert "pepper" not in repr(step)


def test_a_missing_salt_is_found_before_the_run():
    step = Mask(type="mask", columns=["t"], method="hash", salt={"env": "INGEST_TEST_NO_SUCH_SALT"})
    with pytest.raises(ConfigError, match="INGEST_TEST_NO_SUCH_SALT"):
        step.prepare(StepContext())
    with pytest.raises(ValidationError, match=r"needs a salt, .*Add salt: \{env: NAME\}"):
        Mask(type="mask", columns=["t"], method="hash")
    with pytest.raises(ValidationError, match="salt only works with method: hash"):
        Mask(type="mask", columns=["t"], method="redact", salt={"env": "SALT"})


def test_partial_covers_short_values_whole():
    step = Mask(type="mask", columns=["t"], method="partial", show_last=2)
    assert run(step, "abcdé", "ab", "", None)["t"].to_list() == ["***dé", "**", "", None]
    assert run(Mask(type="mask", columns=["t"], method="redact"), "a", None)["t"].to_list() == [
        "***",
        None,
    ]


@pytest.mark.parametrize("unicode", ["NFC", "NFKD", None])
@pytest.mark.parametrize("control", ["strip", "keep"])
def test_plain_texts_take_a_shorter_way_to_the_same(unicode, control):
    """Only texts with a character that is not plain ASCII are normalized and stripped at all."""
    spaces = [" ", "  ", "\t", "\n ", "\u00a0", "\u2003 ", "\x0b", "\x85", "\r\n"]
    letters = ["a", "É", "e\u0301", "\ufb01", "\x00", "\ufeff", "\u200d", "Z"]
    texts = [f"{space}{one}{space}{other}" for space in spaces for one in letters for other in "aÉ"]
    step = NormalizeText(
        type="normalize_text",
        columns=("t",),
        unicode=unicode,
        control=control,
        whitespace="collapse",
    )
    text = pl.col("t").str.normalize(unicode) if unicode else pl.col("t")
    if control == "strip":
        text = text.str.replace_all(r"[\p{Cc}\p{Cf}&&[^\t\n\r\u{200C}\u{200D}]]", "")
    text = text.str.strip_chars().str.replace_all(r"\s+", " ")
    whole = pl.DataFrame({"t": texts}).select(text)
    assert run(step, *texts).equals(whole)


@pytest.mark.parametrize("texts", [["a", "b", None, "c"], ["a", "a", None, "a"], [None]])
def test_a_hash_is_the_same_whether_values_repeat_or_not(texts, monkeypatch):
    monkeypatch.setenv("SALT", "pepper")
    step = Mask(type="mask", columns=("t",), method="hash", salt={"env": "SALT"})
    wanted = [text and hashlib.sha256(f"pepper{text}".encode()).hexdigest() for text in texts]
    assert run(step, *texts)["t"].to_list() == wanted
