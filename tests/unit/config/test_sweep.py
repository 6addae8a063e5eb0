import pytest

from ingest.config.sweep import sweep
from ingest.core.errors import ConfigError


def test_without_a_sweep_there_is_one_list():
    assert sweep(["+job=orders", "source.path=[a,b]", "sink.path='a,b'"]) == [
        ["+job=orders", "source.path=[a,b]", "sink.path='a,b'"]
    ]
    assert sweep([]) == [[]]


def test_every_combination_is_one_list():
    assert sweep(["+job=orders,items", "source.path=a,'b c'"]) == [
        ["+job=orders", "source.path=a"],
        ["+job=orders", "source.path='b c'"],
        ["+job=items", "source.path=a"],
        ["+job=items", "source.path='b c'"],
    ]


def test_bare_names_are_swept_as_those_of_an_override(conf):
    folder = conf({"job/a,b": "", "job/orders_eu": "", "job/nan": "", "job/1e5": ""})
    assert sweep(["nan, 1e5", "x=1,2"], folder) == [
        ["nan", "x=1"], ["nan", "x=2"], ["1e5", "x=1"], ["1e5", "x=2"],
    ]  # fmt: skip
    assert sweep(["glob(orders*)"], folder) == [["orders"], ["orders_eu"]]
    assert sweep(["a,b"], folder) == [["a,b"]], "there is a job of that name"
    assert sweep(["--x=1", "nothing"], folder) == [["--x=1", "nothing"]]


def test_choices_and_ranges_are_sweeps_of_listed_items_too():
    assert sweep(["transforms[0].where=choice(a,b)", "execution.seed=range(1,3)"]) == [
        ["transforms.0.where=a", "execution.seed=1"],
        ["transforms.0.where=a", "execution.seed=2"],
        ["transforms.0.where=b", "execution.seed=1"],
        ["transforms.0.where=b", "execution.seed=2"],
    ]


def test_a_pattern_names_the_jobs_of_the_folder(conf):
    folder = conf({"job/orders_eu": "", "job/items": ""})
    assert sweep(["job=glob(orders*)"], folder) == [["job=orders"], ["job=orders_eu"]]


def test_what_cannot_be_read_is_left_for_the_explanation():
    assert sweep(["sink.path=dt=1", "nothing"]) == [["sink.path=dt=1", "nothing"]]


@pytest.mark.parametrize("text", ["a=interval(0,1)", "a=range(3,1)", "job=glob(zzz*)"])
def test_a_sweep_of_nothing_is_refused(conf, text):
    with pytest.raises(ConfigError, match="several runs are asked for, but no values"):
        sweep([text], conf({}))
