import shlex

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from ingest.config.overrides import indexes, parse, quoted


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_any_text_can_be_typed_in_the_quotes_that_are_shown(text):
    (typed,) = shlex.split(quoted("source.path", text))
    assert OverridesParser.create().parse_override(typed).value() == text


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
