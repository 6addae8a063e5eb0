"""One type for a column that files bring along in several: decided when the plan is made."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError
from ingest.core.paths import readable_path
from ingest.core.types import Schema, type_name
from ingest.core.values.casting import converted, in_zone
from ingest.sources.columns.widening import MOST_DIGITS, common, digits, finer, is_exact
from ingest.sources.files.schema import files_of

_SEPARATE = "Ingest these files with separate jobs"


@dataclass(slots=True)
class ColumnTypes:
    """The types of columns, and where each comes from.

    `strict` are those whose values are converted one by one because somebody named the type; what
    does not fit exactly is rejected.
    """

    columns: Schema = field(default_factory=dict)
    strict: list[str] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def take(self, name: str, dtype: pl.DataType, note: str, *, strict: bool = False) -> None:
        """Decide on a column's type."""
        self.columns[name], self.notes[name] = dtype, note
        if strict:
            self.strict.append(name)


def choose_types(
    files: Mapping[str, Schema],
    names: Iterable[str],
    declared: Schema,
    contract: Mapping[str, pl.DataType],
    formats: Mapping[str, str],
) -> ColumnTypes:
    """Choose the types of these columns of files, by URI.

    It is the type that was declared; else the one that all files have, or the narrowest that holds
    the values of all; else what the contract says.

    Raises:
        ConfigError: there is no such type, or values can never become what was declared. One line
            for each column, with two files and what to write.
    """
    found = ColumnTypes()
    kinds = _kinds(files)
    problems: list[str] = []
    for name in names:
        try:
            if name in declared:
                _check_conversions(name, kinds.get(name, {}), declared[name], formats.get(name))
                found.take(name, declared[name], "source.columns", strict=True)
            else:
                _choose(found, name, kinds[name], contract)
        except ConfigError as error:
            problems += error.lines
    if problems:
        raise ConfigError(*problems)
    return found


def as_type(
    values: pl.Expr, source: pl.DataType, target: pl.DataType, form: str | None = None
) -> pl.Expr:
    """Return values in a type that was declared; null where they do not fit it exactly.

    As `core.values.casting` has it; besides, timestamps without a zone are what clocks of a
    declared zone showed.

    Raises:
        ConfigError: values of the one type never mean anything in the other.
    """
    zone = target.time_zone if isinstance(target, pl.Datetime) else None
    if zone and isinstance(source, pl.Datetime) and not source.time_zone:
        return converted(in_zone(values, zone), pl.Datetime(source.time_unit, zone), target)
    written = isinstance(source, pl.String) or source.is_integer()
    return converted(values, source, target, form if written else None)


def _kinds(files: Mapping[str, Schema]) -> dict[str, dict[pl.DataType, list[str]]]:
    """Return, for each column, the types that files have it in, and which files these are."""
    alike: dict[int, list[str]] = {}
    for uri, schema in files.items():  # files of the same columns share one schema
        alike.setdefault(id(schema), []).append(uri)
    kinds: dict[str, dict[pl.DataType, list[str]]] = {}
    for uris in alike.values():
        for name, dtype in files[uris[0]].items():
            kinds.setdefault(name, {}).setdefault(dtype, []).extend(uris)
    return kinds


def _choose(
    found: ColumnTypes,
    name: str,
    kinds: Mapping[pl.DataType, Sequence[str]],
    contract: Mapping[str, pl.DataType],
) -> None:
    wide: pl.DataType | None = next(iter(kinds))
    for dtype in kinds:
        wide = None if wide is None else common(wide, dtype)
    if wide is not None:
        narrow = [f"{type_name(kind)} in {files_of(kinds[kind])}" for kind in kinds if kind != wide]
        found.take(name, wide, "the files' own type" if narrow else "the files' own")
        if narrow:
            found.remarks.append(f'widened "{name}" to {type_name(wide)} ({", ".join(narrow)})')
    elif name in contract:
        _check_conversions(name, kinds, contract[name], None)
        found.take(name, contract[name], "contract", strict=True)
    else:
        raise ConfigError(conflict(name, kinds))


def _check_conversions(
    name: str, kinds: Mapping[pl.DataType, Sequence[str]], to: pl.DataType, form: str | None
) -> None:
    for dtype, uris in kinds.items():
        try:
            as_type(pl.col(name), dtype, to, form)
        except ConfigError as error:
            raise ConfigError(f'columns: "{name}": {readable_path(uris[0])}: {error}') from None


def conflict(name: str, kinds: Mapping[pl.DataType, Sequence[str]]) -> str:
    """Say that files have a column in types that no type holds together, and what to write."""
    (one, first), (other, second) = _apart(kinds)
    return (
        f'path: "{readable_path(second[0])}": column "{name}" is {type_name(other)}, but '
        f'{type_name(one)} in "{readable_path(first[0])}": no type fits both exactly. '
        f"{remedy(name, one, other)}"
    )


def _apart(
    kinds: Mapping[pl.DataType, Sequence[str]],
) -> tuple[tuple[pl.DataType, Sequence[str]], tuple[pl.DataType, Sequence[str]]]:
    """Return two of the types that do not go together; the first and last, if any two do."""
    items = list(kinds.items())
    for place, (other, second) in enumerate(items):
        for one, first in items[:place]:
            if common(one, other) is None:
                return (one, first), (other, second)
    return items[0], items[-1]


def remedy(name: str, one: pl.DataType, other: pl.DataType) -> str:
    """Return what to write so that a column of both types can be read."""
    type_to_name = _suggestion(one, other)
    if type_to_name is None:
        return _SEPARATE
    try:
        for dtype in (one, other):
            as_type(pl.col(name), dtype, type_to_name)
    except ConfigError:
        return _SEPARATE
    option = f"columns: {{{name}: {in_yaml(type_to_name)}}}"
    return f"Set the type: {option}; values that do not fit are rejected"


def in_yaml(dtype: pl.DataType) -> str:
    """Return the name of a type as it is written within braces in YAML."""
    name = type_name(dtype)
    return f'"{name}"' if set(name) & set(",:<>") else name


def _suggestion(one: pl.DataType, other: pl.DataType) -> pl.DataType | None:
    if isinstance(one, pl.Datetime) and isinstance(other, pl.Datetime):
        zones = {one.time_zone, other.time_zone} - {None}
        return pl.Datetime(finer(one, other), zones.pop() if len(zones) == 1 else "UTC")
    if pl.String() in {one, other}:
        return pl.String()
    if one.is_float() or other.is_float():
        return pl.Float64()
    if is_exact(one) and is_exact(other):
        scale = max(digits(one)[1], digits(other)[1])
        return pl.Decimal(MOST_DIGITS, scale)
    for dtype in (one, other):
        if isinstance(dtype, pl.Datetime) or dtype.is_numeric():
            return dtype
    return None
