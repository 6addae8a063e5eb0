import string

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ingest.config.files import read, walk


def _entries(text):
    return {entry.path: entry for entry in walk(yaml.compose(text, Loader=yaml.SafeLoader))}


def test_every_value_has_its_line():
    entries = _entries("a: 1\nb:\n  - x\n  - {c: 2,\n     d: 3}\n")
    lines = {path: entry.line for path, entry in entries.items()}
    assert lines == {
        (): 1,
        ("a",): 1,
        ("b",): 2,
        ("b", 0): 3,
        ("b", 1): 4,
        ("b", 1, "c"): 4,
        ("b", 1, "d"): 5,
    }


def test_what_a_merge_key_brings_stands_where_it_was_written_and_own_keys_win():
    text = "x: &x {a: 1, b: 1}\ny: &y {c: 1}\nz:\n  a: 2\n  <<: [*x, *y]\n"
    entries = _entries(text)
    assert {key: entries["z", key].line for key in "abc"} == {"a": 4, "b": 1, "c": 2}


@given(
    st.recursive(
        st.integers() | st.booleans() | st.text(string.printable),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(string.ascii_letters, min_size=1), inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_the_entries_are_the_values_of_the_document(value):
    def paths(value, path=()):
        yield path
        if isinstance(value, dict | list):
            for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
                yield from paths(inner, (*path, key))

    assert list(_entries(yaml.safe_dump(value, sort_keys=False))) == list(paths(value))


@pytest.mark.parametrize("text", ["{}\n", "a: 1\n", "# a comment\na: 1\n"])
def test_a_file_outside_the_global_groups_needs_no_header(tmp_path, text):
    (tmp_path / "x.yaml").write_text(text)
    assert read("cluster/x", tmp_path / "x.yaml").problems == ()


@pytest.mark.parametrize("name", ["job/x", "local/default"])
def test_a_file_whose_keys_stand_at_the_top_needs_one(tmp_path, name):
    (tmp_path / "x.yaml").write_text("a: 1\n")
    (problem,) = read(name, tmp_path / "x.yaml").problems
    assert 'the first line is not "# @package _global_"' in problem.text


@pytest.mark.parametrize(
    "first", ["# @package _global_", "#@package   _global_ ", "\n# @package _global_"]
)
def test_the_header_may_be_written_as_hydra_reads_it(tmp_path, first):
    (tmp_path / "x.yaml").write_text(f"{first}\na: 1\n")
    assert read("job/x", tmp_path / "x.yaml").problems == ()


def test_a_file_that_cannot_be_read_is_a_problem_not_a_crash(tmp_path):
    (problem,) = read("job/x", tmp_path / "gone.yaml").problems
    assert "the file cannot be read: No such file or directory." in str(problem)


@pytest.mark.parametrize("second", ["# @package job", "\n#@author me", "# @x"])
def test_a_second_header_would_win(tmp_path, second):
    (tmp_path / "x.yaml").write_text(f"# @package _global_\n{second}\na: 1\n")
    (problem,) = read("job/x", tmp_path / "x.yaml").problems
    assert "takes a comment that begins with # @ for a header" in problem.text


def test_further_down_a_comment_may_begin_with_anything(tmp_path):
    (tmp_path / "x.yaml").write_text("# @package _global_\n# A sentence.\n# @author me\na: 1\n")
    assert read("job/x", tmp_path / "x.yaml").problems == ()
