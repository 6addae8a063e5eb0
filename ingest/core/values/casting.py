"""Turn values into another type without ever changing or losing one in silence.

Polars' own casts truncate (1.9 to int64 gives 1), round (1.239 to decimal(10,2) gives 1.24, and
2^53 + 1 to float64 gives 2^53) or end the batch. Here a value either means the same in the new
type, or becomes null, so that the caller can find it: null afterwards, and not null before. The one
exception is float64 to float32, which gives the nearest. What texts mean is in `core.texts`.
"""

from functools import partial
from typing import Final

import polars as pl

from ingest.core.errors import ConfigError
from ingest.core.types import instance, type_name
from ingest.core.values.formats import check_format
from ingest.core.values.iso import in_calendar
from ingest.core.values.moments import in_years
from ingest.core.values.numerals import Numerals
from ingest.core.values.remedies import remedy
from ingest.core.values.texts import Form, parse_texts

EPOCHS: Final = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}
"""Formats of timestamps that are numbers since 1970, and the microseconds in one of their units."""

_SMALL: Final = (pl.Int8(), pl.Int16(), pl.UInt8(), pl.UInt16(), pl.Boolean())
"""Types whose values are all exact floats, also of 32 bits."""
_MIDDLE: Final = (*_SMALL, pl.Int32(), pl.UInt32())
"""Types whose values are all exact floats of 64 bits."""


def converted(  # noqa: PLR0911 - one return for each kind
    values: pl.Expr,
    source: pl.DataType,
    target: pl.DataType,
    format: Form | None = None,  # noqa: A002 - the name of the option
    *,
    rounding: bool = False,
) -> pl.Expr:
    """Return the values in the target type; null where a value does not fit.

    `format` says how dates, times and timestamps are written as text (strptime), or numbers, or
    which of `EPOCHS` a number counts. With `rounding`, as in SQL's CAST, digits and times of day
    that the target has no room for are dropped, and a float is the nearest; without, such a value
    does not fit.

    Raises:
        ConfigError: values of the one type never mean anything in the other.
    """
    if format is not None:
        return _formatted(values, source, target, format)
    if source == target:
        return values
    if isinstance(source, pl.Null):
        return values.cast(target)
    if isinstance(source, pl.Categorical | pl.Enum):
        return converted(values.cast(pl.String), pl.String(), target, rounding=rounding)
    if isinstance(source, pl.List | pl.Struct) or isinstance(target, pl.List | pl.Struct):
        try:
            return _nested(values, source, target, rounding=rounding)
        except ConfigError:
            return _refuse(values, source, target)
    if isinstance(source, pl.String):
        return _from_text(values, target, rounding=rounding)
    if source.is_numeric() or isinstance(source, pl.Boolean):
        return _from_number(values, source, target, rounding=rounding)
    return _from_other(values, source, target, rounding=rounding)


def lost(before: pl.Expr, after: pl.Expr) -> pl.Expr:
    """Return where a conversion found no meaning: a value before, none after."""
    return before.is_not_null() & after.is_null()


def not_a(dtype: pl.DataType) -> str:
    """Return the reason for which a value of the wrong form is rejected: `not an int64`."""
    name = type_name(dtype)
    return f"not {'an' if name[0] in 'aeio' else 'a'} {name}"


def in_zone(values: pl.Expr, zone: str) -> pl.Expr:
    """Return the instants at which clocks of that zone show these times.

    Of an hour that comes twice it is the second, as in PostgreSQL; an hour that never comes is
    null.
    """
    return values.dt.replace_time_zone(zone, ambiguous="latest", non_existent="null")


def _from_text(
    values: pl.Expr, target: pl.DataType, form: Form | None = None, *, rounding: bool = False
) -> pl.Expr:
    parse = partial(parse_texts, dtype=target, form=form, rounding=rounding)
    return values.map_batches(parse, return_dtype=target, is_elementwise=True)


def _from_number(  # noqa: PLR0911 - one return for each type
    values: pl.Expr, source: pl.DataType, target: pl.DataType, *, rounding: bool
) -> pl.Expr:
    if isinstance(target, pl.String):
        return values.cast(pl.String)
    if isinstance(target, pl.Boolean):
        return values != 0 if rounding else pl.when((values == 0) | (values == 1)).then(values != 0)
    if not target.is_numeric():
        return _refuse(values, source, target)
    if isinstance(source, pl.Boolean):
        return values.cast(pl.UInt8).cast(target, strict=False)
    if target.is_float():
        return _to_float(values, source, target, rounding=rounding)
    if isinstance(target, pl.Decimal) and source.is_float():
        return _decimal_of_float(values, target, rounding=rounding)
    if not (source.is_float() or isinstance(source, pl.Decimal)):
        return values.cast(target, strict=False)
    if rounding:
        whole = values.round(mode="half_away_from_zero") if target.is_integer() else values
        return whole.cast(target, strict=False)
    return _round_trip(values, source, target)


def _to_float(
    values: pl.Expr, source: pl.DataType, target: pl.DataType, *, rounding: bool
) -> pl.Expr:
    there = values.cast(target)
    if isinstance(source, pl.Float64):
        kept = (there.is_infinite() == values.is_infinite()) & ((there == 0) == (values == 0))
        return pl.when(kept).then(there)
    sure = source.is_float() or source in (_SMALL if target == pl.Float32() else _MIDDLE)
    if rounding or sure:
        return there
    if isinstance(source, pl.Decimal):
        return pl.when(_decimal_of_float(there, source, rounding=True) == values).then(there)
    return _round_trip(values, source, target)


def _decimal_of_float(values: pl.Expr, target: pl.Decimal, *, rounding: bool) -> pl.Expr:
    """Read decimals out of the shortest digits of floats: 0.1 is 0.1, to any number of places."""
    convert = partial(_decimals, target=target, rounding=rounding)
    return values.map_batches(convert, return_dtype=target, is_elementwise=True)


def _decimals(values: pl.Series, target: pl.Decimal, *, rounding: bool) -> pl.Series:
    texts = values.cast(pl.String)
    plain = parse_texts(texts, target, rounding=rounding)
    powers = texts.str.contains("e", literal=True).fill_null(value=False).arg_true()
    if powers.is_empty():
        return plain
    few = values.gather(powers)
    found = texts.gather(powers).cast(target, strict=False)
    return plain.scatter(
        powers, found if rounding else found.set(found.cast(values.dtype) != few, None)
    )


def _round_trip(values: pl.Expr, source: pl.DataType, target: pl.DataType) -> pl.Expr:
    there = values.cast(target, strict=False)
    return pl.when(there.cast(source, strict=False) == values).then(there)


def _from_other(
    values: pl.Expr, source: pl.DataType, target: pl.DataType, *, rounding: bool
) -> pl.Expr:
    """Convert what is neither text nor number: dates, times, timestamps, binary."""
    if isinstance(target, pl.String) and source.is_temporal():
        values = in_calendar(values, source)
        # Polars' own cast cuts the fraction of a time
        cut = isinstance(source, pl.Time | pl.Duration)
        return values.dt.to_string("iso") if cut else values.cast(pl.String)
    if isinstance(source, pl.Binary) and isinstance(target, pl.String):
        return values.map_batches(_decoded, return_dtype=pl.String(), is_elementwise=True)
    if isinstance(source, pl.Date) and isinstance(target, pl.Datetime) and not target.time_zone:
        return _round_trip(values, source, target)
    if isinstance(source, pl.Datetime):
        return _from_timestamp(values, source, target, rounding=rounding)
    return _refuse(values, source, target)


def _from_timestamp(
    values: pl.Expr, source: pl.Datetime, target: pl.DataType, *, rounding: bool
) -> pl.Expr:
    known = in_calendar(values, source)
    local = known.dt.replace_time_zone(None) if source.time_zone else known
    if isinstance(target, pl.Date):
        return local.cast(pl.Date) if rounding else _round_trip(local, _plain(source), target)
    if isinstance(target, pl.Time) and rounding:
        return local.cast(pl.Time)
    if isinstance(target, pl.Datetime) and bool(source.time_zone) == bool(target.time_zone):
        there = values.cast(target, strict=False)
        return there if rounding else _round_trip(values, source, target)
    return _refuse(values, source, target)


def _plain(source: pl.Datetime) -> pl.Datetime:
    return pl.Datetime(source.time_unit)


def _decoded(batch: pl.Series) -> pl.Series:
    try:
        return batch.cast(pl.String)
    except pl.exceptions.ComputeError:
        return pl.Series(batch.name, [_text(value) for value in batch], dtype=pl.String)


def _text(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None


def _nested(
    values: pl.Expr, source: pl.DataType, target: pl.DataType, *, rounding: bool
) -> pl.Expr:
    if isinstance(source, pl.List) and isinstance(target, pl.List):
        inner = converted(
            pl.element(), instance(source.inner), instance(target.inner), rounding=rounding
        )
        there = values.list.eval(inner)
        whole = there.list.drop_nulls().list.len() == values.list.drop_nulls().list.len()
        return pl.when(whole).then(there)
    if not (isinstance(source, pl.Struct) and isinstance(target, pl.Struct)):
        return _refuse(values, source, target)
    kinds = {field.name: instance(field.dtype) for field in source.fields}
    if set(kinds) != {field.name for field in target.fields}:
        return _refuse(values, source, target)
    fields, whole = [], values.is_not_null()
    for field in target.fields:
        before = values.struct.field(field.name)
        after = converted(before, kinds[field.name], instance(field.dtype), rounding=rounding)
        fields.append(after.alias(field.name))
        whole &= ~lost(before, after)
    return pl.when(whole).then(pl.struct(fields))


def _formatted(values: pl.Expr, source: pl.DataType, target: pl.DataType, form: Form) -> pl.Expr:
    if isinstance(form, Numerals):
        if target.is_numeric() and isinstance(source, pl.String):
            return _from_text(values, target, form)
        raise ConfigError(
            f"{type_name(source)} cannot become {type_name(target)} with number options: "
            "decimal_separator and the others are for text that becomes a number. Remove them"
        )
    if isinstance(target, pl.Datetime) and source.is_integer() and form in EPOCHS:
        return _counted(values, EPOCHS[form], target)
    if target.is_temporal() and isinstance(source, pl.String):
        check_format(form, target)
        return _from_text(values, target, form)
    if isinstance(target, pl.String) and source.is_temporal():
        return in_calendar(values, source).dt.strftime(form)
    raise ConfigError(
        f'format "{form}" cannot be used from {type_name(source)} to {type_name(target)}. '
        f"Formats are for dates, times and timestamps written as text; {', '.join(EPOCHS)} are "
        "for timestamps written as integers. Remove the format."
    )


def _counted(numbers: pl.Expr, unit: int, target: pl.Datetime) -> pl.Expr:
    micros = (numbers.cast(pl.Int128) * unit).cast(pl.Int64, strict=False)
    source = pl.Datetime("us", target.time_zone)
    return _round_trip(pl.when(in_years(micros)).then(micros).cast(source), source, target)


def _refuse(values: pl.Expr, source: pl.DataType, target: pl.DataType) -> pl.Expr:
    name = values.meta.output_name() if values.meta.is_column() else ""
    raise ConfigError(
        f"{type_name(source)} cannot become {type_name(target)}. {remedy(name, source, target)}."
    )
