"""The base of everything that is written in YAML."""

import ast
import inspect
import itertools
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A frozen part of a job: unknown keys are refused, nothing is coerced between kinds.

    Each field carries its description in a docstring below it, from which the reference pages and
    the JSON schema are made; a default is written once, in the class. Docstrings are looked up
    in the source only by `describe`: at each import, they would cost a command 0.2 s. For the same
    reason a model is not built before it validates something.

    `hints` say by key what is meant, where the general words for it do not help: of a key that is
    missing, unknown, or whose text does not match its pattern.
    """

    hints: ClassVar[Mapping[str, str]] = {}

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
        defer_build=True,
        serialize_by_alias=True,
    )

    @classmethod
    def recorded(cls, page: dict[str, Any]) -> dict[str, Any]:
        """Return what an older version has recorded, as this one writes the same."""
        return page

    @classmethod
    def instead(cls, name: str) -> str:  # noqa: ARG003 - for those that have other names elsewhere
        """Return what to write for a `type` that other tools have by this name; empty if none."""
        return ""

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the JSON schema, with the descriptions of all fields."""
        describe(cls)
        return super().model_json_schema(*args, **kwargs)


def describe(model: type[BaseModel]) -> None:
    """Give the fields of a model, and of those that it consists of, their descriptions."""
    for each in models_in(model):
        said: dict[str, str] = {}
        for cls in reversed(each.__mro__):
            if issubclass(cls, Model) and cls is not Model:
                said.update(_docstrings(cls))
        for name, field in each.model_fields.items():
            field.description = field.description or said.get(name)
        each.model_rebuild(force=True)


def models_in(kind: Any, seen: set[int] | None = None) -> Iterator[type[Model]]:
    """Yield the models that a type consists of, each after those that it consists of itself."""
    seen = set() if seen is None else seen
    if id(kind) in seen:  # what stands in `Annotated` need not be hashable
        return
    seen.add(id(kind))
    is_model = inspect.isclass(kind) and issubclass(kind, Model)
    parts = [f.annotation for f in kind.model_fields.values()] if is_model else get_args(kind)
    for part in parts:
        yield from models_in(part, seen)
    if is_model:
        yield kind


def _docstrings(model: type[Model]) -> Iterator[tuple[str, str]]:
    """Yield the names of fields that have a docstring below them, and the docstring."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(model)))
    assert isinstance(tree.body[0], ast.ClassDef), "the source of a class"
    for before, after in itertools.pairwise(tree.body[0].body):
        match before, after:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, inspect.cleandoc(text)
