"""Values of dataclasses as plain data, as JSON has it, and back.

Plain data is text, numbers, true, false, null, lists, and mappings from text. What is made of it is
decided by the annotations of a class, which are read once: a field may be plain itself, a
dataclass, a tuple or a mapping of them, or one of these or None.
"""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import cache, partial
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
Build = Callable[[Any], Any]


def to_plain(value: Any) -> Any:
    """Return a value as plain data. Costs about a microsecond for three values."""
    kind = type(value)
    if kind in _ATOMS:
        return value
    if kind is tuple or kind is list:
        return [to_plain(each) for each in value]
    if isinstance(value, dict):
        return {key: to_plain(each) for key, each in value.items()}
    if is_dataclass(kind):
        return {name: to_plain(getattr(value, name)) for name in _names(kind)}
    return value


def from_plain(kind: Callable[..., T], data: dict[str, Any]) -> T:
    """Build a value of a dataclass from what `to_plain` returned.

    Keys that are no fields are passed over, and fields without a key have their default.

    Raises:
        TypeError: a key is missing whose field has no default, or the data is of another shape.
    """
    names, builds = _shape(kind)
    values = data if data.keys() <= names else {name: data[name] for name in names & data.keys()}
    if builds:
        made = {name: build(data[name]) for name, build in builds if name in data}
        values = {**values, **made}
    return kind(**values)


_ATOMS = frozenset({str, int, float, bool, type(None)})


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@cache
def _shape(kind: Any) -> tuple[frozenset[str], tuple[tuple[str, Build], ...]]:
    """Return the fields of a class, and what makes the values of those that are not plain."""
    hints, names = get_type_hints(kind), _names(kind)
    builds = ((name, _builder(hints[name])) for name in names)
    return frozenset(names), tuple((name, build) for name, build in builds if build)


def _builder(kind: Any) -> Build | None:
    """Return what makes a value of a type from plain data; None where plain data is one."""
    origin, inner = get_origin(kind), list(filter(None, map(_builder, get_args(kind))))
    if origin is tuple:
        return partial(_tuple, inner[0]) if inner else tuple
    if origin in {Union, UnionType}:
        return partial(_unless_none, inner[0]) if inner else None
    if origin is dict:
        return partial(_mapping, inner[0]) if inner else None
    if isinstance(kind, type) and is_dataclass(kind):
        return partial(from_plain, kind)
    return None


def _tuple(build: Build, data: Any) -> tuple[Any, ...]:
    return tuple(map(build, data))


def _mapping(build: Build, data: Any) -> dict[str, Any]:
    return {name: build(each) for name, each in data.items()}


def _unless_none(build: Build, data: Any) -> Any:
    return None if data is None else build(data)
