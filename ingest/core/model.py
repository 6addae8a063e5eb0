"""The base of everything that is written in YAML."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A frozen part of a job: unknown keys are refused, nothing is coerced between kinds.

    Each field carries its description, from which the reference pages, the JSON schema and the
    error texts are made; a default is written once, in the class.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
        serialize_by_alias=True,
    )
