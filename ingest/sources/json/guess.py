"""Finding the schema of JSON records in a sample, when the plan is made."""

import json
import re
from collections.abc import Container, Iterable, Mapping
from typing import Any

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError
from ingest.core.types import MOST_LEVELS, instance, type_name
from ingest.sources.json.text import Deep

_PLAIN = re.compile(r"(?!(?i:null|true|false|yes|no|on|off|y|n)$)[A-Za-z_][A-Za-z0-9_-]*")
_NUMBERS = ({pl.Int64(), pl.Float64()}, {pl.UInt64(), pl.Float64()})
_MOST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Clash:
    """A place in the records where values are of two kinds, or nested too deeply (`other`: None).

    `place` has the names of nested fields after points.
    """

    place: str
    one: pl.DataType
    other: pl.DataType | None

    def __str__(self) -> str:
        if self.other is None:
            return f'"{self.place}": lists and objects nested more than {MOST_LEVELS} levels deep'
        return (
            f'"{self.place}" is {type_name(without_nulls(self.one))} in some records of the sample '
            f"and {type_name(without_nulls(self.other))} in others"
        )


Clashes = dict[str, Clash]
"""The first clash of each field."""


def guess_fields(
    records: Iterable[dict[str, Any]], wanted: Container[str] | None = None
) -> dict[str, pl.DataType]:
    """Return all fields of the records, in the order in which they first appear.

    A field that is only ever null has the type `null`, one that is only ever an object without
    fields that of such a struct. Whole and other numbers together are float64; all other mixtures
    are refused, because any choice would reject records, and so is what is nested too deeply. In
    fields that are not among the wanted ones they are no matter, and give the type `null`.

    Raises:
        ConfigError: fields have values of two kinds, or are nested too deeply. One line for each.
    """
    fields, clashes = survey(records)
    lines = [
        f"columns: {clash}. {_remedy(name, clash, fields)}"
        for name, clash in clashes.items()
        if wanted is None or name in wanted
    ]
    if lines:
        raise ConfigError(*lines)
    return {name: pl.Null() if name in clashes else dtype for name, dtype in fields.items()}


def survey(records: Iterable[dict[str, Any]]) -> tuple[dict[str, pl.DataType], Clashes]:
    """Return all fields as they are where they first appear, and where they differ later on."""
    fields: dict[str, pl.DataType] = {}
    clashes: Clashes = {}
    for record in records:
        for name, value in record.items():
            if name in clashes:
                continue
            look = _Look(name)
            fields[name] = look.merged(fields.get(name, pl.Null()), look.type_of(value))
            if look.clash is not None:
                clashes[name] = look.clash
    return fields, clashes


def without_nulls(dtype: pl.DataType) -> pl.DataType:
    """Return a type in which string stands for whatever was only ever null or empty."""
    return _leaves_replaced(dtype, pl.String(), pl.String())


def as_read(dtype: pl.DataType) -> pl.DataType:
    """Return the type that records are held to: a string where only nulls were seen.

    Where only objects without fields were seen it is `null`, and there may be no others.
    """
    return _leaves_replaced(dtype, pl.String(), pl.Null())


def _leaves_replaced(dtype: pl.DataType, null: pl.DataType, empty: pl.DataType) -> pl.DataType:
    if isinstance(dtype, pl.List):
        return pl.List(_leaves_replaced(instance(dtype.inner), null, empty))
    if isinstance(dtype, pl.Struct) and dtype.fields:
        fields = {field.name: instance(field.dtype) for field in dtype.fields}
        return pl.Struct(
            {name: _leaves_replaced(inner, null, empty) for name, inner in fields.items()}
        )
    if isinstance(dtype, pl.Struct):
        return empty
    return null if isinstance(dtype, pl.Null) else dtype


def _remedy(name: str, clash: Clash, fields: Mapping[str, pl.DataType]) -> str:
    """Say what to write so that the job can be planned: all fields that are to be read."""
    if clash.other is None:
        rest = {other: dtype for other, dtype in fields.items() if other != name}
        if not rest:
            return "Flatten the records before ingesting them"
        return f"Leave it out by naming the others: source.{_columns(rest)}"
    return f"Choose the type; records of another type are rejected: source.{_columns(fields)}"


def _columns(fields: Mapping[str, pl.DataType]) -> str:
    """Return the `columns` option with the types of these fields, as it is written in YAML."""
    shown = list(fields.items())[:_MOST_SHOWN]
    types = ((_quoted(name), _quoted(type_name(without_nulls(dtype)))) for name, dtype in shown)
    more = f", and the {len(fields) - len(shown)} others" if len(fields) > len(shown) else ""
    return f"columns: {{{', '.join(f'{name}: {kind}' for name, kind in types)}{more}}}"


def _quoted(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else json.dumps(text)


class _Look:
    """A look at one value of a field."""

    def __init__(self, name: str) -> None:
        self.clash: Clash | None = None
        self._name = name

    def type_of(self, value: Any) -> pl.DataType:
        """Return the type of a value."""
        return self._type_of(value, self._name, 0)

    def merged(self, one: pl.DataType, other: pl.DataType) -> pl.DataType:
        """Return the type that has room for both; where there is none, the first."""
        return self._merged(one, other, self._name)

    def _type_of(self, value: Any, place: str, level: int) -> pl.DataType:
        nested = isinstance(value, dict | list)
        if isinstance(value, Deep) or (nested and level == MOST_LEVELS):
            return self._clashed(place, pl.Null(), None)
        if isinstance(value, dict):
            return pl.Struct(
                {
                    name: self._type_of(inner, f"{place}.{name}", level + 1)
                    for name, inner in value.items()
                }
            )
        if isinstance(value, list):
            inner: pl.DataType = pl.Null()
            for element in value:
                inner = self._merged(inner, self._type_of(element, place, level + 1), place)
            return pl.List(inner)
        return _scalar(value)

    def _merged(self, one: pl.DataType, other: pl.DataType, place: str) -> pl.DataType:
        if one == other or isinstance(other, pl.Null):
            return one
        if isinstance(one, pl.Null):
            return other
        if isinstance(one, pl.List) and isinstance(other, pl.List):
            return pl.List(self._merged(instance(one.inner), instance(other.inner), place))
        if isinstance(one, pl.Struct) and isinstance(other, pl.Struct):
            fields = {field.name: instance(field.dtype) for field in one.fields}
            for field in other.fields:
                known, inner = fields.get(field.name, pl.Null()), f"{place}.{field.name}"
                fields[field.name] = self._merged(known, instance(field.dtype), inner)
            return pl.Struct(fields)
        if {one, other} in _NUMBERS:
            return pl.Float64()
        return self._clashed(place, one, other)

    def _clashed(self, place: str, one: pl.DataType, other: pl.DataType | None) -> pl.DataType:
        self.clash = self.clash or Clash(place, one, other)
        return one


def _scalar(value: Any) -> pl.DataType:
    if value is None:
        return pl.Null()
    if isinstance(value, bool):
        return pl.Boolean()
    if isinstance(value, int):
        return pl.UInt64() if 1 << 63 <= value < 1 << 64 else pl.Int64()
    return pl.Float64() if isinstance(value, float) else pl.String()
