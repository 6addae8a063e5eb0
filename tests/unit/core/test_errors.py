"""Errors cross processes and keep what they say."""

import pickle

import pytest

from ingest.core import errors
from ingest.core.errors import ConfigError, IngestError


def _all(kind):
    found = [kind, *(inner for sub in kind.__subclasses__() for inner in _all(sub))]
    return [each for each in found if each.__module__ == errors.__name__]


class KeywordError(IngestError):
    """An error with a field of its own, as a plug-in's author may write one."""

    def __init__(self, *, step):
        super().__init__(f"step {step}")
        self.step = step


@pytest.mark.parametrize("kind", _all(IngestError))
def test_every_error_survives_pickling(kind):
    again = pickle.loads(pickle.dumps(kind("what", "why")))
    assert type(again) is kind
    assert again.args == ("what", "why")


def test_fields_survive_too():
    again = pickle.loads(pickle.dumps(KeywordError(step="cast")))
    assert (again.step, str(again)) == ("cast", "step cast")


def test_all_mistakes_are_shown_one_line_each():
    assert str(ConfigError("a.yaml:1: one", "a.yaml:2: other")) == "a.yaml:1: one\na.yaml:2: other"


def test_each_class_has_the_exit_code_that_its_kind_stands_for():
    codes = {kind.__name__: kind.exit_code for kind in (*_all(IngestError), errors.Interrupted)}
    assert {name for name, code in codes.items() if code == 2} == {"ConfigError"}
    assert codes["Interrupted"] == 130
