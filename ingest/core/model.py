"""The base of everything that is written in YAML."""

import ast
import inspect
import itertools
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict

from ingest.core.registry import Types


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
    def extend(cls, page: Mapping[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:  # noqa: ARG003
        """Import the types that a page names and that other packages bring, before it is validated.

        Returns what is wrong with them, each with the way to its place in the page.
        """
        return []

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


def models_in(
    kind: Any, seen: set[int] | None = None, *, imported: bool = False
) -> Iterator[type[Model]]:
    """Yield the models that a type consists of, each after those that it consists of itself.

    Of types that are known by name all are imported for it, unless only those are asked for that
    have been `imported`.
    """
    seen = set() if seen is None else seen
    if id(kind) in seen:  # what stands in `Annotated` need not be hashable
        return
    seen.add(id(kind))
    is_model = inspect.isclass(kind) and issubclass(kind, Model)
    for part in kind.imported if imported and isinstance(kind, Types) else _parts(kind):
        yield from models_in(part, seen, imported=imported)
    if is_model:
        yield kind


def rebuild(model: type[Model]) -> None:
    """Build those models again that hold a union whose types have become more since."""
    for each in models_in(model, imported=True):
        if each.__pydantic_complete__ and _is_open(each):
            each.model_rebuild(force=True)


def _is_open(kind: Any, seen: set[int] | None = None) -> bool:
    """Say whether a type consists of types of which more may be imported."""
    seen = set() if seen is None else seen
    if isinstance(kind, Types) or id(kind) in seen:
        return isinstance(kind, Types)
    seen.add(id(kind))
    return any(_is_open(part, seen) for part in _parts(kind))


def _parts(kind: Any) -> Iterable[Any]:
    """Return what a type consists of: the fields of a model, the members of a union."""
    if isinstance(kind, Types):
        return kind
    if inspect.isclass(kind) and issubclass(kind, Model):
        fields = kind.model_fields.values()
        return [part for field in fields for part in (field.annotation, *field.metadata)]
    return get_args(kind)


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
