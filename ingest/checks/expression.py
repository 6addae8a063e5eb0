"""A condition over several columns, in SQL."""

from collections.abc import Mapping
from typing import Annotated, Literal

import polars as pl
from pydantic import AfterValidator, Field

from ingest.checks.base import Check, Violation
from ingest.core.errors import ConfigError
from ingest.core.types import type_name
from ingest.expressions import checked, columns, resolve


class Expression(Check):
    """A SQL condition that every row must meet. As in SQL's CHECK, null passes."""

    type: Literal["expression"]
    expression: Annotated[str, AfterValidator(checked)] = Field(min_length=1)
    """A SQL condition over the columns, such as `arrived > departed`."""
    name: str | None = Field(default=None, min_length=1)
    """The name of the rule in reports. Default: the expression."""

    def violations(self, schema: Mapping[str, pl.DataType]) -> list[Violation]:
        """Return up to two violations: the condition is false, or cannot be computed."""
        try:
            condition = resolve(self.expression, schema)
            names = columns(self.expression)
        except ConfigError as error:
            raise ConfigError(*(f"expression: {line}" for line in error.lines)) from None
        if not isinstance(condition.dtype, pl.Boolean):
            raise ConfigError(
                f'expression: "{self.expression}" is {type_name(condition.dtype)}. A condition '
                "must be true or false. Compare it with a value"
            )
        column = next(iter(names)) if len(names) == 1 else None
        reason = self.name or f"expression {self.expression}"
        found = [Violation(column, reason, ~condition.value)]
        if condition.fails is not None:
            found.append(Violation(column, f"{reason}: cannot be computed", condition.fails))
        return found
