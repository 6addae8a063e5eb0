"""A condition over several columns, in SQL."""

from collections.abc import Mapping
from typing import Annotated, Literal

import polars as pl
from pydantic import AfterValidator, Field

from ingest.checks.base import Check, Violation
from ingest.core.errors import ConfigError
from ingest.core.expressions import checked, columns, resolve
from ingest.core.types import type_name


class Expression(Check):
    """A SQL condition that every row must fulfil. As in SQL's CHECK, null counts as fulfilled."""

    type: Literal["expression"]
    expression: Annotated[str, AfterValidator(checked)] = Field(min_length=1)
    """A SQL scalar expression over the columns, true or false: `arrived > departed`."""
    name: str | None = Field(default=None, min_length=1)
    """What the rule is called where rows break it. Without it: the expression."""

    def violations(self, schema: Mapping[str, pl.DataType]) -> list[Violation]:
        """Return up to two violations: the condition is false, or cannot be computed."""
        try:
            condition = resolve(self.expression, schema)
            names = columns(self.expression)
        except ConfigError as error:
            raise ConfigError(*(f"expression: {line}" for line in error.lines)) from None
        if not isinstance(condition.dtype, pl.Boolean):
            raise ConfigError(
                f'expression: "{self.expression}" is {type_name(condition.dtype)}. A condition is '
                "true or false. Compare it with something"
            )
        column = next(iter(names)) if len(names) == 1 else None
        reason = self.name or f"expression {self.expression}"
        found = [Violation(column, reason, ~condition.value)]
        if condition.fails is not None:
            found.append(Violation(column, f"{reason}: has no value", condition.fails))
        return found
