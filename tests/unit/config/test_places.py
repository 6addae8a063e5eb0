import pytest

from ingest.config.places import (
    COMMAND_LINE,
    Place,
    Problem,
    choices,
    dotted,
    listed,
    refuse,
    shown,
)
from ingest.core.errors import ConfigError


def test_a_path_reads_as_people_write_it():
    assert dotted(("transforms", 0, "where")) == "transforms[0].where"
    assert dotted(("columns", "dep time", "type")) == 'columns["dep time"].type'
    assert dotted(()) == ""


def test_all_problems_are_raised_at_once_sorted_by_line_and_each_only_once():
    late, early = Problem(Place("a.yaml", 10), "late."), Problem(Place("a.yaml", 9), "early.")
    with pytest.raises(ConfigError) as error:
        refuse([late, Problem(COMMAND_LINE, "typed."), early, late])
    assert error.value.lines == ("a.yaml:9: early.", "a.yaml:10: late.", "command line: typed.")


def test_problems_of_one_line_keep_their_order():
    first, second = Problem(Place("a.yaml", 1), "z."), Problem(Place("a.yaml", 1), "a.")
    with pytest.raises(ConfigError) as error:
        refuse([first, second])
    assert error.value.lines == ("a.yaml:1: z.", "a.yaml:1: a.")


def test_no_problem_is_no_error():
    refuse([])


def test_a_file_is_shown_relative_to_the_working_directory_if_it_lies_below(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shown(tmp_path / "conf" / "x.yaml") == "conf/x.yaml"
    assert shown(tmp_path.parent / "x.yaml") == str(tmp_path.parent / "x.yaml")


def test_a_wrong_name_gets_the_nearest_and_the_closed_set():
    assert choices("fliter", ["filter", "mask"], "Known") == (
        ' Did you mean "filter"? Known: filter, mask.'
    )
    assert choices("zzz", ["filter"], "Known") == " Known: filter."
    assert choices("zzz", [], "Known") == " Known: none."


def test_a_long_list_is_cut():
    assert listed([f"j{n}" for n in range(32)]).endswith("j29 and 2 more")
