import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ingest.config.files import read
from ingest.config.yaml_traps import check, reading


def _problems(tmp_path, text, package=()):
    (tmp_path / "x.yaml").write_text(text)
    return [
        str(problem).partition(".yaml:")[2]
        for problem in check(read("x", tmp_path / "x.yaml"), package)
    ]


@pytest.mark.parametrize("text", ["12:30:00", "1:30", "-1:30", "1:30.5", "0777", "007", "+0_7"])
def test_numbers_that_do_not_look_like_what_they_are_are_refused_everywhere(tmp_path, text):
    (problem,) = _problems(tmp_path, f"a: [1, {text}]")
    assert problem.startswith(f"1: a[1]: YAML reads {text} as a number in base ")
    assert f": {yaml.safe_load(text)}." in problem


@pytest.mark.parametrize(
    "text",
    [
        "'12:30:00'",
        '"0777"',
        "12:60:00",
        "0",
        "-1",
        "08",
        "0x1F",
        "1_000",
        "1.5",
        "1e3",
        "|\n  0777",
    ],
)
def test_numbers_that_look_like_numbers_and_texts_are_not(tmp_path, text):
    assert _problems(tmp_path, f"a: {text}") == []


@pytest.mark.parametrize("key", ["on", "No", "yes", "true", "1.10", "0777", "1e3", "12:30", ".inf"])
def test_keys_that_are_no_texts_are_refused(tmp_path, key):
    (problem,) = _problems(tmp_path, f"a: 1\n{key}: 1\n", ("source",))
    assert problem.endswith(f'Write it in quotes: "{key}".')
    assert problem.startswith("2: source")


@pytest.mark.parametrize("key", ["2013", "0", "-5", '"on"', "y", "n", "2013-01-01", "e3"])
def test_whole_numbers_and_texts_may_be_keys(tmp_path, key):
    assert _problems(tmp_path, f"{key}: 1\n") == []


@given(st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False, allow_infinity=False))
def test_what_yaml_made_of_a_text_is_said(value):
    text = yaml.safe_dump(value).removesuffix("...\n").strip()
    assert reading(text, value).startswith(f"YAML reads {text} as ")
    assert reading("", None) == "there is no value after the colon"
