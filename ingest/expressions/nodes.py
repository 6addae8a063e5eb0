"""The tree that an expression is parsed into."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from ingest.core.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Interval:
    """A length of time as the calendar counts it: months are not days, days are not hours."""

    months: int = 0
    days: int = 0
    microseconds: int = 0


Constant = bool | int | float | Decimal | str | date | time | datetime | Interval | None


@dataclass(frozen=True, slots=True)
class Node:
    """A part of an expression, with where it stands (characters from 1)."""

    place: int

    def children(self) -> "tuple[Node, ...]":
        """Return the parts that this part is made of."""
        return ()

    def walk(self) -> "Iterator[Node]":
        """Return this part and all parts below it."""
        yield self
        for child in self.children():
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A value that is written out."""

    value: Constant


@dataclass(frozen=True, slots=True)
class ColumnNode(Node):
    """A column of the rows; `quoted` if it was written in double quotes."""

    name: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Field(Node):
    """A field of a struct: `st.x` or `st['x']`."""

    operand: Node
    name: str

    def children(self) -> tuple[Node, ...]:
        """Return the struct."""
        return (self.operand,)


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function or an operator and what it is applied to."""

    name: str
    arguments: tuple[Node, ...]

    def children(self) -> tuple[Node, ...]:
        """Return the arguments."""
        return self.arguments


@dataclass(frozen=True, slots=True)
class CastNode(Node):
    """CAST, `::` and, if `lenient`, TRY_CAST."""

    operand: Node
    target: pl.DataType
    lenient: bool

    def children(self) -> tuple[Node, ...]:
        """Return what is cast."""
        return (self.operand,)


@dataclass(frozen=True, slots=True)
class Case(Node):
    """CASE WHEN, IF: the first branch whose condition is true."""

    branches: tuple[tuple[Node, Node], ...]
    otherwise: Node

    def children(self) -> tuple[Node, ...]:
        """Return conditions and results, in order."""
        return (*(part for branch in self.branches for part in branch), self.otherwise)
