"""Turn values into another type without ever changing or losing one in silence.

Polars' own casts truncate (1.9 to int64 gives 1), round (1.239 to decimal(10,2) gives 1.24), wrap
or refuse to parse dates. Here a value either means the same in the new type, or becomes null, so
that the caller can find it: null afterwards, and not null before.
"""

from datetime import date, datetime, time
from typing import Final

import polars as pl

from ingest.core.errors import ConfigError
from ingest.core.types import instance, type_name

EPOCHS: Final = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}
"""Formats of timestamps that are numbers since 1970, and the microseconds in one of their units."""

_TRUE, _FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")
_BOOLEANS = {**dict.fromkeys(_TRUE, True), **dict.fromkeys(_FALSE, False)}
_PROBE = datetime(2013, 11, 25, 13, 46, 57)  # noqa: DTZ001 - only to try formats on


def converted(  # noqa: PLR0911 - one return for each kind
    values: pl.Expr,
    source: pl.DataType,
    target: pl.DataType,
    format: str | None = None,  # noqa: A002 - the name of the option
    *,
    rounding: bool = False,
) -> pl.Expr:
    """Return the values in the target type; null where a value does not fit.

    `format` says how dates, times and timestamps are written as text (strptime), or which of
    `EPOCHS` a number counts. With `rounding`, as in SQL's CAST, digits and times of day that the
    target has no room for are dropped; without, such a value does not fit.

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
        source, values = pl.String(), values.cast(pl.String)
    if isinstance(source, pl.List | pl.Struct) or isinstance(target, pl.List | pl.Struct):
        return _nested(values, source, target, rounding=rounding)
    if isinstance(source, pl.String):
        return _from_text(values, target, rounding=rounding)
    if source.is_numeric() or isinstance(source, pl.Boolean):
        return _from_number(values, source, target, rounding=rounding)
    return _from_other(values, source, target, rounding=rounding)


def lost(before: pl.Expr, after: pl.Expr) -> pl.Expr:
    """Return where a conversion found no meaning: a value before, none after."""
    return before.is_not_null() & after.is_null()


def _from_text(  # noqa: PLR0911 - one return for each type
    values: pl.Expr, target: pl.DataType, *, rounding: bool
) -> pl.Expr:
    if isinstance(target, pl.Boolean):
        return values.str.to_lowercase().replace_strict(
            list(_BOOLEANS), list(_BOOLEANS.values()), default=None, return_dtype=pl.Boolean
        )
    if isinstance(target, pl.Decimal):
        return _decimal_from_text(values, target, rounding=rounding)
    if isinstance(target, pl.Date):
        return _parsed(values, target, "%Y-%m-%d")
    if isinstance(target, pl.Time):
        return _parsed(values, target, "%H:%M:%S%.f", "%H:%M")
    if isinstance(target, pl.Datetime):
        text = values.str.replace("T", " ", literal=True)
        plain = pl.Datetime(target.time_unit)
        formats = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d")
        if not target.time_zone:
            return _parsed(text, plain, *formats)
        return pl.coalesce(
            _parsed(text, target, "%Y-%m-%d %H:%M:%S%.f%#z"),
            in_zone(_parsed(text, plain, *formats), target.time_zone),
        )
    if isinstance(target, pl.Float32):
        return _no_new_infinity(values.cast(pl.Float64, strict=False))
    return values.cast(target, strict=False)


def _decimal_from_text(values: pl.Expr, target: pl.Decimal, *, rounding: bool) -> pl.Expr:
    """Parse decimals; Polars would round digits away and read exponents."""
    room = r"\d*" if rounding else rf"\d{{0,{target.scale}}}0*"
    pattern = rf"^[+-]?(?:\d+(?:\.{room})?|\.{room})$"
    written = values.str.contains(pattern) & values.str.contains(r"\d")
    return pl.when(written).then(values.cast(target, strict=False))


def _parsed(text: pl.Expr, target: pl.DataType, *formats: str) -> pl.Expr:
    kind: pl.Date | pl.Datetime | pl.Time = target  # type: ignore[assignment]  # callers see to it
    return pl.coalesce(*(text.str.strptime(kind, each, strict=False) for each in formats))


def in_zone(values: pl.Expr, zone: str) -> pl.Expr:
    """Return the instants at which clocks of that zone show these times.

    Of an hour that comes twice it is the second, as in PostgreSQL; an hour that never comes is
    null.
    """
    return values.dt.replace_time_zone(zone, ambiguous="latest", non_existent="null")


def _from_number(  # noqa: PLR0911 - one return for each type
    values: pl.Expr, source: pl.DataType, target: pl.DataType, *, rounding: bool
) -> pl.Expr:
    if isinstance(target, pl.String):
        return values.cast(pl.String)
    if isinstance(source, pl.Boolean) and target.is_numeric():
        return values.cast(pl.UInt8).cast(target)
    if isinstance(target, pl.Boolean):
        return values != 0 if rounding else pl.when((values == 0) | (values == 1)).then(values != 0)
    if isinstance(target, pl.Float32) and isinstance(source, pl.Float64):
        return _no_new_infinity(values)
    if not target.is_numeric():
        return _refuse(source, target)
    if target.is_float():
        return values.cast(target)
    if not (source.is_float() or isinstance(source, pl.Decimal)):
        return values.cast(target, strict=False)
    if rounding:
        whole = values.round(mode="half_away_from_zero") if target.is_integer() else values
        return whole.cast(target, strict=False)
    return _round_trip(values, source, target)


def _no_new_infinity(values: pl.Expr) -> pl.Expr:
    narrow = values.cast(pl.Float32)
    return pl.when(narrow.is_infinite() == values.is_infinite()).then(narrow)


def _round_trip(values: pl.Expr, source: pl.DataType, target: pl.DataType) -> pl.Expr:
    there = values.cast(target, strict=False)
    return pl.when(there.cast(source, strict=False) == values).then(there)


def _from_other(  # noqa: PLR0911 - one return for each type
    values: pl.Expr, source: pl.DataType, target: pl.DataType, *, rounding: bool
) -> pl.Expr:
    """Convert what is neither text nor number: dates, times, timestamps, binary."""
    if isinstance(target, pl.String) and source.is_temporal():
        return values.cast(pl.String)
    if isinstance(source, pl.Binary) and isinstance(target, pl.String):
        return values.map_batches(_decoded, return_dtype=pl.String(), is_elementwise=True)
    if isinstance(source, pl.Date) and isinstance(target, pl.Datetime) and not target.time_zone:
        return _round_trip(values, source, target)
    if isinstance(source, pl.Datetime):
        if rounding and isinstance(target, pl.Date | pl.Time):
            return values.cast(target)
        if isinstance(target, pl.Date):
            return _round_trip(values, source, target)
        if isinstance(target, pl.Datetime) and bool(source.time_zone) == bool(target.time_zone):
            zoned = values.dt.convert_time_zone(target.time_zone) if target.time_zone else values
            there = zoned.dt.cast_time_unit(target.time_unit)
            back = there.dt.cast_time_unit(source.time_unit)
            return there if rounding else pl.when(back == zoned).then(there)
    return _refuse(source, target)


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
        return _refuse(source, target)
    kinds = {field.name: instance(field.dtype) for field in source.fields}
    if set(kinds) != {field.name for field in target.fields}:
        return _refuse(source, target)
    fields, whole = [], values.is_not_null()
    for field in target.fields:
        before = values.struct.field(field.name)
        after = converted(before, kinds[field.name], instance(field.dtype), rounding=rounding)
        fields.append(after.alias(field.name))
        whole &= ~lost(before, after)
    return pl.when(whole).then(pl.struct(fields))


def _formatted(values: pl.Expr, source: pl.DataType, target: pl.DataType, pattern: str) -> pl.Expr:
    if isinstance(target, pl.Datetime) and source.is_integer() and pattern in EPOCHS:
        micros = values.cast(pl.Int128) * EPOCHS[pattern]
        moment = micros.cast(pl.Int64, strict=False).cast(pl.Datetime("us", target.time_zone))
        return moment.dt.cast_time_unit(target.time_unit)
    if target.is_temporal() and isinstance(source, pl.String):
        check_format(pattern, target)
        return _parsed(values, target, pattern)
    if isinstance(target, pl.String) and source.is_temporal():
        return values.dt.strftime(pattern)
    raise ConfigError(
        f'format "{pattern}" has no meaning between {type_name(source)} and {type_name(target)}. '
        "A format is for dates, times and timestamps written as text; "
        f"{', '.join(EPOCHS)} are for timestamps written as integers."
    )


def check_format(pattern: str, target: pl.DataType) -> None:
    """Refuse a format that could never be read: Polars would give null for every value.

    Raises:
        ConfigError: the format is unknown, or does not hold what the type needs.
    """
    zone = target.time_zone if isinstance(target, pl.Datetime) else None
    probes: dict[pl.DataType, date | time] = {pl.Date(): _PROBE.date(), pl.Time(): _PROBE.time()}
    try:
        sample = pl.Series([probes.get(target, _PROBE)])
        written = (sample.dt.replace_time_zone(zone) if zone else sample).dt.strftime(pattern)
        read = written.to_frame("x").select(_parsed(pl.col("x"), target, pattern)).to_series()
    except pl.exceptions.PolarsError as error:
        reason = str(error).partition("\n")[0]
        raise ConfigError(
            f'format "{pattern}" cannot be used for {type_name(target)}: {reason}.'
        ) from None
    whole = isinstance(target, pl.Time) or read.dt.year().to_list() == [_PROBE.year]
    if read.null_count() or not whole:
        raise ConfigError(
            f'format "{pattern}" does not hold a whole {type_name(target)}. '
            "Example: %Y-%m-%d for a date, %Y-%m-%d %H:%M:%S for a timestamp, %H:%M for a time."
        )


def _refuse(source: pl.DataType, target: pl.DataType) -> pl.Expr:
    text = f"{type_name(source)} cannot become {type_name(target)}. "
    if source.is_integer() and isinstance(target, pl.Datetime):
        text += f"Say what the number counts: format {', '.join(EPOCHS)}."
    elif isinstance(source, pl.Datetime) and isinstance(target, pl.Datetime):
        text += "Say the time zone: t AT TIME ZONE 'UTC' in an expression."
    else:
        text += "Use an expression (type: derive) that says what is meant."
    raise ConfigError(text)


def not_a(dtype: pl.DataType) -> str:
    """Return the reason for which a value of the wrong form is rejected: `not an int64`."""
    name = type_name(dtype)
    return f"not {'an' if name[0] in 'aeio' else 'a'} {name}"
