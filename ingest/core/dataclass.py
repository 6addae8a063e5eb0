"""`dataclass`, as in the standard library, but nothing is compiled when a class is defined.

The standard one writes six methods as text for each frozen class and compiles them: 0.4 ms, a
third of what importing this package took (decision 0044). Here `__init__` is compiled when the
first object is made, and the others need no text. `field`, `fields`, `replace` and `asdict` are
those of the standard library.
"""

import dataclasses
import reprlib
from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, field, fields
from operator import attrgetter
from typing import Any, NoReturn, TypeVar, dataclass_transform

C = TypeVar("C", bound=type)


@dataclass_transform(field_specifiers=(field,))
def dataclass(
    *, frozen: bool = False, eq: bool = True, kw_only: bool = False, slots: bool = False
) -> Callable[[C], C]:
    """Make a class a dataclass, with the meaning that these words have in the standard library.

    What a class defines itself is kept, such as an `__init__`. There is no `order`.
    """

    def make(cls: C) -> C:
        own = frozenset(vars(cls))
        cls.__doc__ = cls.__doc__ or cls.__name__  # else it is made of a signature, in 2 ms
        bare = dataclasses.dataclass(  # noqa: TID251
            init=False, repr=False, eq=False, kw_only=kw_only, slots=slots
        )
        made: Any = bare(cls)
        for name, method in _methods(made, frozen=frozen, eq=eq).items():
            if name not in own or (name == "__hash__" and vars(cls)[name] is None):
                setattr(made, name, method)
        return made  # type: ignore[no-any-return]

    return make


def _methods(cls: Any, *, frozen: bool, eq: bool) -> dict[str, Any]:
    methods: dict[str, Any] = {"__init__": _first(cls, frozen=frozen), "__repr__": _repr(cls)}
    if eq:
        methods |= _comparing(cls, frozen=frozen)
    if frozen:
        methods |= _frozen(cls)
    return methods


def _first(cls: Any, *, frozen: bool) -> Callable[..., None]:
    """Return an `__init__` that puts a compiled one in its place."""

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        cls.__init__ = _compiled(cls, frozen=frozen)
        cls.__init__(self, *args, **kwargs)

    return __init__


def _compiled(cls: Any, *, frozen: bool) -> Callable[..., None]:
    """Compile the `__init__` that the standard library would have made."""
    space: dict[str, Any] = {"_set": object.__setattr__, "_missing": MISSING}
    body = [line for each in fields(cls) for line in _assignment(each, space, frozen=frozen)]
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    given = [each for each in fields(cls) if each.init]
    words = ["self", *(_parameter(each) for each in given if not each.kw_only)]
    named = [_parameter(each) for each in given if each.kw_only]
    words += ["*", *named] if named else []
    exec(f"def __init__({', '.join(words)}):\n " + "\n ".join(body or ["pass"]), space)  # noqa: S102
    init: Callable[..., None] = space["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init


def _parameter(of: Field[Any]) -> str:
    has_default = of.default is not MISSING or of.default_factory is not MISSING
    return f"{of.name}=_default_{of.name}" if has_default else of.name


def _assignment(of: Field[Any], space: dict[str, Any], *, frozen: bool) -> list[str]:
    """Return the lines that give a field its value; put what they need into their `space`."""
    name, value, lines = of.name, of.name, []
    if of.default_factory is not MISSING:
        space |= {f"_make_{name}": of.default_factory, f"_default_{name}": MISSING}
        given = f"if {name} is _missing: " if of.init else ""
        lines = [f"{given}{name} = _make_{name}()"]
    elif of.default is not MISSING:
        space[f"_default_{name}"] = of.default
        value = name if of.init else f"_default_{name}"
    elif not of.init:
        return []  # `__post_init__` gives it one
    return [*lines, f'_set(self, "{name}", {value})' if frozen else f"self.{name} = {value}"]


def _values(names: list[str]) -> Callable[[Any], Any]:
    """Return what makes a tuple of an object's values."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda self: tuple(getattr(self, name) for name in names)


def _repr(cls: Any) -> Callable[[Any], str]:
    @reprlib.recursive_repr()
    def __repr__(self: Any) -> str:  # noqa: N807
        shown = (each.name for each in fields(cls) if each.repr)
        values = (f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{type(self).__qualname__}({', '.join(values)})"

    return __repr__


def _comparing(cls: Any, *, frozen: bool) -> dict[str, Any]:
    values = _values([each.name for each in fields(cls) if each.compare])

    def __eq__(self: Any, other: object) -> bool:  # noqa: N807
        if other.__class__ is not self.__class__:
            return NotImplemented
        return bool(values(self) == values(other))

    def __hash__(self: Any) -> int:  # noqa: N807
        return hash(values(self))

    return {"__eq__": __eq__, "__hash__": __hash__ if frozen else None}


def _frozen(cls: Any) -> dict[str, Any]:
    names = [each.name for each in fields(cls)]

    def __setattr__(self: Any, name: str, value: object) -> None:  # noqa: N807
        if type(self) is cls or name in names:
            _refuse("assign to", name)
        super(cls, self).__setattr__(name, value)

    def __delattr__(self: Any, name: str) -> None:  # noqa: N807
        if type(self) is cls or name in names:
            _refuse("delete", name)
        super(cls, self).__delattr__(name)

    def __getstate__(self: Any) -> list[Any]:  # noqa: N807
        return [getattr(self, name) for name in names]

    def __setstate__(self: Any, state: list[Any]) -> None:  # noqa: N807
        for name, value in zip(names, state, strict=True):
            object.__setattr__(self, name, value)

    methods = {"__setattr__": __setattr__, "__delattr__": __delattr__}
    if "__slots__" not in vars(cls):
        return methods
    return methods | {"__getstate__": __getstate__, "__setstate__": __setstate__}


def _refuse(what: str, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot {what} field {name!r}")
