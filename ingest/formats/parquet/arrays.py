"""Arrow arrays as PyArrow decodes them, to the values of the types that `forms` promises.

A value that its type has no room for is never changed in silence: it becomes null, and the row is
marked. Texts that are not UTF-8, times of 24:00 and later, decimals of too many digits, and INT96
with digits or years that the asked-for unit does not hold are such values.
"""

from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa

from ingest.core.arrow import series, to_arrow
from ingest.core.types import known_zone

_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
_PER_MS = {"us": 1_000, "ns": 1_000_000}
_MOST = 2**63 - 1

Mask = np.ndarray[Any, np.dtype[np.bool_]]


class Fitted(NamedTuple):
    """An array in its new type, and which of its rows hold a value that has no room there."""

    array: pa.Array
    unfit: Mask | None = None


def fitted(array: pa.Array, nanos: pa.Array | None = None, int96: str = "us") -> Fitted:
    """Return an array in the type that it is read as.

    `nanos` is the same array where INT96 was decoded to wrapped nanoseconds, if it holds INT96; the
    array itself has them as milliseconds then.
    """
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return fitted(array.storage, nanos, int96)
    if pa.types.is_dictionary(kind):
        return fitted(array.dictionary_decode())
    if pa.types.is_struct(kind):
        return _struct(array, nanos, int96)
    if (lists := _as_lists(array)) is not None:
        return _list(lists, None if nanos is None else _as_lists(nanos), int96)
    if nanos is not None and nanos.type != kind:
        return _int96(array, nanos, int96)
    return _leaf(array)


def _as_lists(array: pa.Array) -> pa.Array | None:
    """Return an array of lists of whatever kind as plain ones; None if it is no such array."""
    kind = array.type
    if pa.types.is_map(kind):
        pairs = pa.StructArray.from_arrays([array.keys, array.items], names=["key", "value"])
        return _around(array, pairs, pa.list_(pairs.type))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return array
    if pa.types.is_list_view(kind) or pa.types.is_fixed_size_list(kind):
        return _rebuilt(array.cast(pa.list_(kind.value_field)))
    if pa.types.is_large_list_view(kind):
        return _rebuilt(array.cast(pa.large_list(kind.value_field)))
    return None


def _rebuilt(lists: pa.Array) -> pa.Array:
    """Return lists with offsets of their own: those that PyArrow 26 casts say they are too few."""
    offsets = to_arrow(_numpy(lists.offsets))
    return type(lists).from_arrays(offsets, lists.values, mask=lists.is_null())


def _struct(array: pa.Array, nanos: pa.Array | None, int96: str) -> Fitted:
    children, unfit = [], None
    for number, field in enumerate(array.type):
        beside = None if nanos is None else nanos.field(number)
        child = fitted(array.field(number), beside, int96)
        children.append((field.name, child.array))
        unfit = _either(unfit, child.unfit)
    kind = pa.struct([pa.field(name, child.type) for name, child in children])
    arrays = [child for _, child in children]
    if array.offset % 8 == 0:
        struct = pa.Array.from_buffers(
            kind, len(array), [_from(array)], array.null_count, children=arrays
        )
    else:
        struct = pa.StructArray.from_arrays(arrays, fields=list(kind), mask=array.is_null())
    return Fitted(struct, None if unfit is None else unfit & _valid(array))


def _list(array: pa.Array, nanos: pa.Array | None, int96: str) -> Fitted:
    child = fitted(array.values, None if nanos is None else nanos.values, int96)
    large = pa.types.is_large_list(array.type)
    kind = pa.large_list(child.array.type) if large else pa.list_(child.array.type)
    made = _around(array, child.array, kind)
    if child.unfit is None:
        return Fitted(made)
    counts = np.concatenate(([0], np.cumsum(child.unfit)))
    at = _numpy(array.offsets)
    return Fitted(made, (counts[at[1:]] > counts[at[:-1]]) & _valid(array))


def _around(array: pa.Array, values: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return the lists of an array with other values, of which there are as many.

    Not by `from_arrays` with a mask: to make it would import `pyarrow.compute`, 60 ms.
    """
    return pa.Array.from_buffers(
        kind, len(array), array.buffers()[:2], array.null_count, array.offset, [values]
    )


def _from(array: pa.Array) -> pa.Buffer | None:
    """Return the bits that say which rows are valid; None if all are. They begin with a byte."""
    bits = array.buffers()[0]
    return bits if bits is None else bits.slice(array.offset // 8)


def _valid(array: pa.Array) -> Mask:
    valid: Mask = _numpy(array.is_valid())
    return valid


def _either(left: Mask | None, right: Mask | None) -> Mask | None:
    if left is None or right is None:
        return left if right is None else right
    return left | right


def _leaf(array: pa.Array) -> Fitted:
    kind = array.type
    if pa.types.is_time(kind):
        counts = _numbers(array.cast(pa.int32() if kind.bit_width == 32 else pa.int64()))
        return _without(array, (counts < 0) | (counts >= _DAY[kind.unit]))
    if pa.types.is_decimal(kind):
        values, unfit = _checked(array)
        return Fitted(values.cast(pa.decimal128(kind.precision, kind.scale)), unfit)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or kind == pa.string_view():
        return _checked(array)
    wider = _wider(kind)
    return Fitted(array if wider == kind else array.cast(wider))


def _wider(kind: pa.DataType) -> pa.DataType:
    """Return the type that a type is read as which has room for each of its values."""
    if pa.types.is_timestamp(kind):
        zone = (known_zone(kind.tz) or "UTC") if kind.tz else None
        return pa.timestamp("ms" if kind.unit == "s" else kind.unit, zone)
    if pa.types.is_duration(kind) and kind.unit == "s":
        return pa.duration("ms")
    if pa.types.is_float16(kind):
        return pa.float32()
    return pa.date32() if pa.types.is_date64(kind) else kind


def _without(array: pa.Array, wrong: Mask) -> Fitted:
    """Return an array with null where a value is wrong."""
    if not wrong.any():
        return Fitted(array)
    import pyarrow.compute as pc  # noqa: PLC0415 - it takes 60 ms, and few files need it

    return Fitted(pc.if_else(to_arrow(~wrong), array, pa.nulls(len(array), array.type)), wrong)


def _checked(array: pa.Array) -> Fitted:
    """Look for texts that are no UTF-8, and decimals of more digits than their type has."""
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        wrong = [not _is_valid(array[place : place + 1]) for place in range(len(array))]
        return _without(array, np.array(wrong, dtype=np.bool_))
    return Fitted(array)


def _is_valid(row: pa.Array) -> bool:
    try:
        row.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _int96(millis: pa.Array, nanos: pa.Array, unit: str) -> Fitted:
    """Put together what PyArrow can only decode in part: it wraps nanoseconds around."""
    ms, ns = _numbers(millis.cast(pa.int64())), _numbers(nanos.cast(pa.int64()))
    scale = _PER_MS[unit]
    rest = ns.view(np.uint64) - ms.view(np.uint64) * np.uint64(1_000_000)  # wraps as they did
    whole = rest.astype(np.int64) // (1_000_000 // scale)
    exact = whole * (1_000_000 // scale) == rest.astype(np.int64)
    fits = np.abs(ms) < _MOST // scale
    values = pl.Series(np.where(fits, ms, 0) * scale + whole)
    if millis.null_count:
        values = values.set(series("", millis.is_null()), None)
    times = values.to_arrow().cast(pa.timestamp(unit, millis.type.tz))
    return _without(times, ~(fits & exact))


def _numbers(array: pa.Array) -> Any:
    """Return integers in numpy, 0 for null."""
    return series("", array).fill_null(0).to_numpy()


def _numpy(array: pa.Array) -> Any:
    """Return numbers or flags, of which none is null, in numpy."""
    return series("", array).to_numpy()
