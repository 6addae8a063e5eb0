"""Our `dataclass` behaves as the one of the standard library."""

import copy
import dataclasses
import math
import pickle
from dataclasses import FrozenInstanceError, asdict, field, fields, replace
from typing import Any, ClassVar

import pytest

from ingest.core.dataclass import dataclass

ALL = {"frozen": True, "slots": True}


def both(cls: type, **words: bool) -> tuple[Any, Any]:
    """Return a class made by ours and by the standard one."""
    ours, theirs = (type(cls.__name__, (), _own(cls)) for _ in range(2))
    return dataclass(**words)(ours), dataclasses.dataclass(**words)(theirs)


def _own(cls: type) -> dict[str, Any]:
    return {
        name: value for name, value in vars(cls).items() if name not in {"__dict__", "__weakref__"}
    }


class Plain:
    """Fields of all kinds."""

    kind: ClassVar[str] = "plain"
    number: int
    text: str = "x"
    many: list[int] = field(default_factory=list)
    hidden: float = field(default=0.5, repr=False, compare=False)
    late: int = field(init=False, default=7)


@dataclass(frozen=True, slots=True)
class Point:
    """One that can be pickled."""

    x: int
    y: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Named(Point):
    """One that inherits."""

    name: str


@dataclass(slots=True)
class Checked:
    """One with a life of its own."""

    value: int
    double: int = field(init=False)

    def __post_init__(self) -> None:
        self.double = 2 * self.value


@pytest.mark.parametrize("words", [{}, {"slots": True}, {"frozen": True}, ALL])
def test_values_are_given_shown_and_compared_as_by_the_standard_library(
    words: dict[str, bool],
) -> None:
    ours, theirs = both(Plain, **words)
    for given in (ours(3), ours(3, "y", [1]), ours(number=3, hidden=1.0)):
        same = theirs(
            **{each.name: getattr(given, each.name) for each in fields(ours) if each.init}
        )
        assert repr(given) == repr(same)
        assert asdict(given) == asdict(same)
        assert given == replace(given) != replace(given, number=4)
        assert given == replace(given, hidden=9.0)
        assert given != same
    assert ours(1).many is not ours(1).many
    assert ours.__match_args__ == theirs.__match_args__
    assert ours.__hash__ is None or "frozen" in words


@pytest.mark.parametrize("arguments", [(), (1, "x", [], 0.5, 7), (1, 2, 3, 4, 5, 6)])
def test_wrong_arguments_are_refused_in_the_same_words(arguments: tuple[Any, ...]) -> None:
    said = []
    for cls in both(Plain, **ALL):
        with pytest.raises(TypeError) as error:
            cls(*arguments)
        said.append(str(error.value))
    assert said[0] == said[1]


def test_a_frozen_one_cannot_be_changed_and_can_be_a_key() -> None:
    point = Point(1, 2)
    assert {point: "here"}[Point(1, 2)] == "here"
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'x'"):
        point.x = 3  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'x'"):
        del point.x  # type: ignore[misc]


def test_objects_can_be_pickled_copied_and_matched() -> None:
    for point in (Point(1, 2), Named(1, name="n")):
        assert pickle.loads(pickle.dumps(point)) == copy.deepcopy(point) == point
    match Point(1, 2):
        case Point(x, y):
            assert (x, y) == (1, 2)


def test_what_a_class_inherits_and_does_itself_is_kept() -> None:
    assert repr(Named(1, 2, name="n")) == "Named(x=1, y=2, name='n')"
    assert Named(1, name="n") != Point(1)
    assert Checked(3).double == 6

    @dataclass(frozen=True)
    class Own:  # noqa: PLW1641 - it gets a hash
        value: float

        def __eq__(self, _other: object) -> bool:
            return True

        def __repr__(self) -> str:
            return "own"

    assert repr(Own(1)) == "own"
    assert Own(1) == 5
    assert hash(Own(1)) == hash(Own(1))


def test_a_single_value_that_does_not_equal_itself_is_compared_by_identity() -> None:
    @dataclass(frozen=True)
    class One:
        value: float

    assert One(math.nan) == One(math.nan)
