"""Compile the tree of an expression into a Polars expression, against a schema."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import polars as pl

from ingest.core.errors import ConfigError
from ingest.core.names import hint, is_pattern, no_such_column
from ingest.core.rows import HIDDEN_PREFIX
from ingest.core.types import instance, type_name
from ingest.core.values.casting import converted, lost
from ingest.core.values.iso import beyond
from ingest.expressions import conditions, operators, refusals
from ingest.expressions.catalogue import find
from ingest.expressions.nodes import (
    Call,
    Case,
    CastNode,
    ColumnNode,
    Constant,
    Field,
    Interval,
    Literal,
    Node,
)
from ingest.expressions.tokens import at
from ingest.expressions.values import Unfit, Value, any_of, family

_FOLDED = ("number", "text", "boolean", "date", "time", "binary", "null", "timestamp")


class Compiler:
    """Compiles parts of one expression for rows of one schema."""

    def __init__(self, text: str, schema: Mapping[str, pl.DataType]) -> None:
        self.text = text
        self.schema = schema
        self.empty = pl.DataFrame(schema=dict(schema))

    def whole(self, node: Node) -> Value:
        """Return what computes the whole expression.

        Raises:
            ConfigError: as `compile`, or it comes to nothing that a column could hold.
        """
        value = self.compile(node)
        if isinstance(value.dtype, pl.Unknown):
            raise ConfigError(
                f'"{self.text}": an interval of months cannot be the value of a column. Use it in '
                "a sum with a date or timestamp"
            )
        return value

    def compile(self, node: Node) -> Value:
        """Return what computes this part.

        Raises:
            ConfigError: a column or function does not exist, or types do not go together.
        """
        try:
            value = self._compile(node)
            return self._folded(node, value)
        except Unfit as error:
            raise ConfigError(f"{at(node.place, self.text)}: {error}.") from None
        except pl.exceptions.PolarsError as error:
            reason = str(error).strip().partition("\n\n")[0].rpartition("\n")[2]
            raise ConfigError(f"{at(node.place, self.text)}: {reason.rstrip('.')}.") from None

    def _compile(self, node: Node) -> Value:  # noqa: PLR0911 - one return for each kind
        match node:
            case Literal(value=value):
                return _literal(value)
            case ColumnNode():
                return self._column(node)
            case Field(operand=operand, name=name):
                return _field(self.compile(operand), name)
            case CastNode():
                return self._cast(node)
            case Case():
                return self._case(node)
            case Call(name=("and" | "or" | "coalesce" | "ifnull"), arguments=arguments):
                values = [self.compile(each) for each in arguments]
                return conditions.guarded(str(node.name), values)
            case Call(name=name, arguments=arguments):
                return self._call(name, [self.compile(each) for each in arguments])
        raise TypeError(node)

    def _column(self, node: ColumnNode) -> Value:
        name = node.name
        if name not in self.schema or name.startswith(HIDDEN_PREFIX):
            if text := refusals.reason(name.lower()):
                raise ConfigError(f"{text}.")
            error = no_such_column(name, self.schema)
            if node.quoted:
                error = ConfigError(f"{error} Text needs single quotes: '{name}'.")
            raise error
        if is_pattern(name):
            raise Unfit(
                f'the column name "{name}" cannot be used in an expression. Rename the column '
                "first (type: rename)"
            )
        dtype = self.schema[name]
        if isinstance(dtype, pl.Categorical | pl.Enum):
            return Value(pl.col(name).cast(pl.String), pl.String())
        return Value(pl.col(name), dtype)

    def _cast(self, node: CastNode) -> Value:
        value = self.compile(node.operand)
        expr = converted(value.expr, value.dtype, node.target, rounding=True)
        if node.lenient:
            return replace(value, expr=expr, dtype=node.target)
        fails = (
            any_of(value.fails, lost(value.expr, expr)) if _can_fail(value, node) else value.fails
        )
        return replace(value, expr=expr, dtype=node.target, fails=fails)

    def _case(self, node: Case) -> Value:
        pairs = [(self.compile(test), self.compile(result)) for test, result in node.branches]
        return conditions.case(pairs, self.compile(node.otherwise))

    def _call(self, name: str, values: list[Value]) -> Value:
        if name not in {"+", "-"}:
            for value in values:
                refuse_months(value)
        build: Callable[[list[Value]], pl.Expr | Value]
        build = operators.OPERATORS[name] if name in operators.OPERATORS else find(name)
        built = build(values)
        own = built.fails if isinstance(built, Value) else None
        expr = built.expr if isinstance(built, Value) else built
        fails = any_of(own, *(value.fails for value in values))
        literal = all(value.literal for value in values)
        return Value(expr, self._type_of(expr), fails, literal)

    def _type_of(self, expr: pl.Expr) -> pl.DataType:
        """Return the type by computing it for no rows, which also tries patterns and formats."""
        return self.empty.select(expr.alias("x")).schema["x"]

    def _folded(self, node: Node, value: Value) -> Value:
        """Compute a part that needs no row once, here."""
        if not value.literal or isinstance(node, Literal) or family(value.dtype) not in _FOLDED:
            return value
        if value.fails is not None and pl.select(value.fails).item():
            raise Unfit(f"cannot cast value to {type_name(value.dtype)}")
        found = pl.select(value.expr).to_series()
        if isinstance(found.dtype, pl.Date | pl.Datetime) and beyond(found).any():
            return replace(value, fails=None)  # a year that Python has no dates for
        constant = found.item()
        expr = value.expr
        if getattr(value.dtype, "time_zone", None) is None:
            expr = pl.lit(constant, dtype=value.dtype)
        return Value(expr, value.dtype, literal=True, constant=constant)


def _literal(value: Constant) -> Value:
    if isinstance(value, Interval):
        length = timedelta(days=value.days, microseconds=value.microseconds)
        dtype: pl.DataType = pl.Unknown() if value.months else pl.Duration("us")
        return Value(pl.lit(length), dtype, literal=True, constant=value)
    kinds: dict[type, pl.DataType] = {
        bool: pl.Boolean(),
        int: pl.Int64(),
        float: pl.Float64(),
        Decimal: pl.Float64(),
        str: pl.String(),
        date: pl.Date(),
        time: pl.Time(),
        datetime: pl.Datetime("us"),
        type(None): pl.Null(),
    }
    dtype = kinds[type(value)]
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise Unfit(f"{value} is too large for int64. Write it with a decimal point, as a float64")
    if isinstance(value, datetime) and value.tzinfo:
        dtype = pl.Datetime("us", "UTC")
        return Value(pl.lit(value).dt.convert_time_zone("UTC"), dtype, literal=True, constant=value)
    shown = float(value) if isinstance(value, Decimal) else value
    return Value(pl.lit(shown, dtype=dtype), dtype, literal=True, constant=value)


def refuse_months(value: Value) -> None:
    """Refuse an interval of months where a length of time is needed.

    Raises:
        Unfit: it can only be added to a date or timestamp, or taken from one.
    """
    if isinstance(value.dtype, pl.Unknown):
        raise Unfit("a month has no fixed length: it can only be added to a date or timestamp")


def _field(value: Value, name: str) -> Value:
    if not isinstance(value.dtype, pl.Struct):
        raise Unfit(f'{type_name(value.dtype)} has no field "{name}": only a struct has fields')
    fields = {field.name: field.dtype for field in value.dtype.fields}
    if name not in fields:
        raise Unfit(f'no such field "{name}". {hint(name, fields)}Fields here: {", ".join(fields)}')
    return replace(value, expr=value.expr.struct.field(name), dtype=instance(fields[name]))


def _can_fail(value: Value, node: CastNode) -> bool:
    """Whether a cast may meet values that do not fit, so that they have to be looked for."""
    if value.dtype == node.target or isinstance(node.target, pl.String) or value.is_null:
        return isinstance(value.dtype, pl.Binary) and value.dtype != node.target
    return not (value.dtype.is_integer() and node.target in {pl.Int64(), pl.Float64()}) or (
        value.dtype == pl.UInt64() and node.target == pl.Int64()
    )
