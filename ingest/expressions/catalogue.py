"""The functions that expressions may call: how they are written, what they mean, what they do.

A function is a Python function with the decorator `function`; its docstring is what the reference
page says of it. Its signature, in the words of that page, is what arguments are checked against.
Kinds are `text number integer boolean date timestamp time duration list struct binary any`; `a|b`
is either, `'kind'` must be written out in the expression (a pattern, a format, a unit), `[, kind]`
may be left out, `...` repeats the last.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeVar

import polars as pl

from ingest.core.counts import counted
from ingest.core.dataclass import dataclass
from ingest.core.names import hint
from ingest.core.types import type_name
from ingest.expressions.dialects import ELSEWHERE, OTHER_KIND, meant
from ingest.expressions.values import Unfit, Value, family

Build = Callable[..., "pl.Expr | Value"]
Built = TypeVar("Built", bound=Build)


@dataclass(frozen=True, slots=True)
class ArgumentKind:
    """What an argument may be."""

    families: tuple[str, ...]
    written: bool

    def check(self, value: Value, what: str) -> None:
        """Refuse an argument of another kind.

        Raises:
            Unfit: with what it is and what it may be.
        """
        if self.written and not value.literal:
            raise Unfit(f"{what} must be a constant; a column cannot be used here")
        found = family(value.dtype)
        whole = value.dtype.is_integer()
        if value.is_null or self.families == ("any",) or found in self.families:
            return
        if not (found == "number" and whole and "integer" in self.families):
            wanted = " or ".join(self.families)
            raise Unfit(f"{what} is {type_name(value.dtype)}, but must be {wanted}")


@dataclass(frozen=True, slots=True)
class Function:
    """One function: `topic` and the texts are for the reference page, `build` compiles a call."""

    name: str
    topic: str
    signature: str
    meaning: str
    example: str
    gives: str
    kinds: tuple[ArgumentKind, ...]
    required: int
    repeats: bool
    build: Build

    def __call__(self, values: list[Value]) -> "pl.Expr | Value":
        """Check the arguments and compile the call.

        Raises:
            Unfit: too few, too many, or of the wrong kind.
        """
        if len(values) < self.required or (len(values) > len(self.kinds) and not self.repeats):
            got = counted(len(values), "argument")
            raise Unfit(f"{self.name}: got {got}. {self._instead}")
        for number, value in enumerate(values):
            kind = self.kinds[min(number, len(self.kinds) - 1)]
            try:
                kind.check(value, f"{self.name}: argument {number + 1}")
            except Unfit as error:
                raise Unfit(f"{error}. {self._instead}") from None
        typed = [
            value.cast(pl.String()) if value.is_null and self._texts(number) else value
            for number, value in enumerate(values)
        ]
        return self.build(*typed)

    @property
    def _instead(self) -> str:
        return f"{meant(OTHER_KIND.get(self.name, ()))}Write it as {self.signature}"

    def _texts(self, number: int) -> bool:
        return "text" in self.kinds[min(number, len(self.kinds) - 1)].families


FUNCTIONS: Final[dict[str, Function]] = {}
"""All functions by name, other names of the same function included."""

_PARAMETER = re.compile(r"'?[a-z|]+'?")


def function(signature: str, example: str, gives: str, *also: str) -> Callable[[Built], Built]:
    """Add a function to the catalogue under the name in its signature, and under `also`.

    What it means is its docstring; `example` gives what the expression `gives` does.
    """
    name, _, parameters = signature.partition("(")
    kinds = [
        ArgumentKind(tuple(found.strip("'").split("|")), written=found.startswith("'"))
        for found in _PARAMETER.findall(parameters)
    ]
    required = len(_PARAMETER.findall(parameters.partition("[")[0]))

    def add(build: Built) -> Built:
        topic = build.__module__.rpartition(".")[2]
        meaning = " ".join((build.__doc__ or "").split())
        repeats = "..." in parameters
        entry = Function(
            name, topic, signature, meaning, example, gives, tuple(kinds), required, repeats, build
        )
        for each in (name, *also):
            FUNCTIONS[each] = entry
        return build

    return add


def find(name: str) -> Function:
    """Return the function of that name, which errors then call it by.

    Raises:
        Unfit: there is none; with the nearest name.
    """
    if found := FUNCTIONS.get(name):
        signature = found.signature.replace(found.name, name, 1)
        return replace(found, name=name, signature=signature)
    near = meant(ELSEWHERE.get(name, ())) or hint(name, FUNCTIONS)
    raise Unfit(
        f'no such function "{name}". {near}'
        'The page "Expressions" of the documentation lists all functions'
    )
