import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationError, field_validator, model_validator

from ingest.config.explain import explain
from ingest.config.provenance import Provenance
from ingest.core.model import Model


class Plain(Model):
    type: Literal["plain"]
    where: str


class Where(Model):
    """Its tag is the name of one of its fields."""

    type: Literal["where"]
    where: "str | Sequence[Plain] | None" = None
    options: Mapping[str, Plain] = Field(default={})


class Window(Model):
    """No tag."""

    start: int = Field(ge=0)
    end: int = Field(le=9)

    @model_validator(mode="after")
    def _order(self):
        if self.end < self.start:
            raise ValueError("end comes before start.")
        return self


class Job(Model):
    step: Annotated[Plain | Where, Field(discriminator="type")] | None = None
    steps: tuple[Annotated[Plain | Where, Field(discriminator="type")], ...] = ()
    alone: Annotated[Plain, Field(discriminator="type")] | None = None
    window: Window | str | None = None
    level: Literal[1, 2, "high"] = 1
    limits: dict[str, Window] = Field(default={})
    number: int = 0
    name: str = ""

    @field_validator("name")
    @classmethod
    def _short(cls, value: str) -> str:
        if len(value) > 3:
            raise ValueError("Too long")
        return value


def _said(**data: Any) -> list[str]:
    with pytest.raises(ValidationError) as error:
        Job.model_validate_json(json.dumps(data), strict=True)
    return [problem.text for problem in explain(Job, data, error.value, Provenance())]


def test_a_tag_that_is_the_name_of_a_field_does_not_lead_astray():
    assert _said(steps=[{"type": "where", "were": 1}]) == [
        'steps[0].were: unknown key. Did you mean "where"? Known keys here: type, where, options.'
    ]
    assert _said(
        step={"type": "where", "options": {"a": {"type": "plain", "x": 1, "where": "b"}}}
    ) == ["step.options.a.x: unknown key. Known keys here: type, where."]


def test_a_key_that_is_named_like_the_tag_is_unknown_like_any_other():
    assert _said(alone={"type": "plain", "plain": 1, "where": "x"}) == [
        "alone.plain: unknown key. Known keys here: type, where."
    ]


def test_the_members_of_a_union_make_one_sentence():
    (text,) = _said(window=[5])
    assert text == "window: must be a mapping or a string; got a list."
    (text,) = _said(step={"type": "where", "where": {"a": 1}})
    assert text.startswith("step.where: must be a string or ")


def test_within_a_union_the_mapping_is_the_model():
    assert _said(window={"start": -1, "end": 3, "stop": 4}) == [
        "window.start: must be greater than or equal to 0; got -1.",
        "window.stop: unknown key. Known keys here: start, end.",
        "window: must be a string; got a mapping.",
    ]


def test_mappings_of_models_are_walked():
    assert _said(limits={"a b": {"start": 1}}) == [
        'limits["a b"].end: required, but not set. Add it.'
    ]


def test_what_a_validator_says_is_said_once_with_a_full_stop():
    assert _said(limits={"a": {"start": 2, "end": 1}}, name="long") == [
        "limits.a: end comes before start.",
        "name: too long.",
    ]


def test_choices_need_not_be_texts():
    (text,) = _said(level="hihg")
    assert text == ('level: no such choice "hihg". Did you mean "high"? Known choices: 1, 2, high.')


def test_nothing_where_something_belongs_is_called_so():
    assert _said(number=None) == ["number: must be a whole number; got nothing."]


def test_the_only_unknown_key_is_taken_for_the_only_missing_one():
    said = _said(alone={"type": "plain", "condition": "a"})
    assert said == [
        'alone.condition: unknown key. Did you mean "where"? Known keys here: type, where.'
    ]


def test_long_values_are_cut():
    (text,) = _said(number="x" * 100)
    assert text.endswith(f'but "{"x" * 59}… is text.')


def test_a_required_key_is_not_missed_if_it_is_misspelt():
    assert _said(alone={"type": "plain", "wher": "x"}) == [
        'alone.wher: unknown key. Did you mean "where"? Known keys here: type, where.'
    ]


def test_nothing_more_is_said_of_what_is_known_to_be_wrong():
    data = {"number": "x", "steps": [{"type": "nope"}]}
    with pytest.raises(ValidationError) as error:
        Job.model_validate(data)
    assert explain(Job, data, error.value, Provenance(), {("number",), ("steps", 0)}) == []


def test_a_text_that_is_none_and_was_written_nowhere_is_shown():
    assert _said(name=5) == ["name: expected a string, but got 5."]
