import shlex

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from ingest.config.overrides import indexes, parse, quoted, written


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_any_text_can_be_typed_in_the_quotes_that_are_shown(text):
    (typed,) = shlex.split(quoted("source.path", text))
    assert OverridesParser.create().parse_override(typed).value() == text


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_any_text_of_a_mapping_is_set_as_it_is(text):
    (typed,) = written({"source.path": text})
    assert OverridesParser.create().parse_override(typed).value() == text


@pytest.mark.parametrize("value", [None, True, 3, -2.5, ["a,b", "c=d"], [], [1, [2, "3"]]])
def test_so_is_any_other_value(value):
    (typed,) = written({"transforms[0].columns": value})
    assert OverridesParser.create().parse_override(indexes(typed)).value() == value


def test_a_value_that_a_job_cannot_hold_is_no_setting():
    with pytest.raises(TypeError, match="a setting must be text, a number, true or false"):
        written({"source.columns": {"a": 1}})


@pytest.mark.parametrize(
    "name", ["orders", "team/orders", "nan", "1e5", "a,b", "a b", 'a"b', "(x)"]
)
def test_a_bare_word_is_the_name_of_a_job(conf, name):
    folder = conf({f"job/{name}": ""})
    given, problems = parse(["cluster=x", name, "sink.path=out"], [folder])
    assert [problem.text.partition(":")[0] for problem in problems] == ["cluster=x"]
    assert [one.value for one in given if one.key == "job"] == [name]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["ordres"], 'there is no job "ordres". Did you mean "orders"? Known jobs: items, orders.'),
        (["+job=ordres"], 'Known jobs: items, orders.'),
        (["conf/job/orders.yaml"], 'Did you mean "orders"?'),
        (["orders", "items"], "To run both jobs, one after the other: ingest run orders,items"),
        (["orders", "fast"], "fast: not a setting. Write settings as KEY=VALUE, such as"),
        (["+job=orders", "items"], "items: the job is already named: orders. To run both jobs"),
        (["orders,items"], "this command takes one job. Write: orders"),
        ([], "no job is named. Known jobs: items, orders. Name one: ingest run items"),
        (["orders", "cluster=bgi"], "Known names in cluster/: big. Write: cluster=big"),
        (["orders", "sink=x"], "Create conf/sink/x.yaml, or remove this setting"),
    ],
)  # fmt: skip
def test_what_is_no_name_is_told_with_what_to_type(conf, typed, said):
    folder = conf({"job/orders": "", "job/items": "", "cluster/big": ""})
    _, (problem,) = parse(typed, [folder])
    assert said in str(problem)


def test_where_there_are_no_jobs_one_is_to_be_written(tmp_path):
    _, (problem,) = parse(["orders"], [tmp_path])
    assert problem.text.endswith("Known jobs: none. Write the first one: ingest init PATH")


@pytest.mark.parametrize(
    ("typed", "rewritten"),
    [
        ("job=orders", ["+job=orders"]),
        ("+job=orders", ["+job=orders"]),
        ("cluster=big", ["~cluster", "+cluster=[big]"]),
        ("+cluster=big", ["~cluster", "+cluster=[big]"]),
        ("source=landing", ["+source=[landing]"]),
        ("source={type: csv}", ["++source={type: csv}"]),
        ("source.path=x", ["++source.path=x"]),
        ("transforms[0].where=x", ["++transforms.0.where=x"]),
        ("+source.path=x", ["+source.path=x"]),
        ("++source.path=x", ["++source.path=x"]),
        ("~source.path", ["~source.path"]),
        ("~cluster", ["~cluster"]),
    ],
)
def test_nobody_needs_to_know_what_is_set_already(conf, typed, rewritten):
    folder = conf({"cluster/big": "", "source/landing": ""})
    others = [] if "job" in typed else ["job=orders"]
    given, problems = parse([typed, *others], [folder])
    assert problems == []
    assert given[0].rewritten({"cluster"}) == rewritten


def test_only_keys_have_indexes():
    assert indexes("a[0].b[12]=x[3]") == "a.0.b.12=x[3]"
    assert indexes("a[x]=1") == "a[x]=1"
    assert indexes("nothing") == "nothing"
