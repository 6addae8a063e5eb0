"""Thrift's compact protocol, as Parquet's metadata is written in it, read without trusting it.

Only the fields that are wanted are kept; the others are passed over. A column chunk takes 8
microseconds, a page header 4: code that asks each byte where it stands takes three times as long.
"""

from collections.abc import Mapping
from typing import Any

Wanted = Mapping[int, Any]
"""Ids of the fields to keep, and what each has to be: `INTEGER`, `TEXT`, what is wanted of a
struct, or a list of one such. A field of another kind is malformed."""
Fields = dict[int, Any]

INTEGER, TEXT = int, bytes

_MOST_LEVELS = 16
_BOOLEANS, _BYTE, _DOUBLE, _TEXT, _LIST, _SET, _STRUCT = (1, 2), 3, 7, 8, 9, 10, 12


class MalformedError(ValueError):
    """The bytes are not what Thrift writes."""


def read_struct(data: bytes, at: int, wanted: Wanted) -> tuple[Fields, int]:
    """Return the wanted fields of the struct that begins at an offset, and where it ends.

    Raises:
        MalformedError: it is none, or its end is missing.
    """
    try:
        return _struct(data, at, wanted, 0)
    except IndexError:
        raise MalformedError("it ends too early") from None


def _struct(data: bytes, at: int, wanted: Wanted, level: int) -> tuple[Fields, int]:
    if level > _MOST_LEVELS:
        raise MalformedError(f"nested more than {_MOST_LEVELS} levels deep")
    fields: Fields = {}
    number = 0
    while kind := (head := data[at]) & 15:
        at += 1
        if head > 15:
            number += head >> 4
        else:
            number, at = _signed(data, at)
        if 4 <= kind <= 6:
            value = data[at]
            at += 1
            if value > 127:
                value, at = _varint(data, at - 1)
            if number in wanted:
                if wanted[number] is not INTEGER:
                    raise MalformedError(f"a number in field {number}")
                fields[number] = (value >> 1) ^ -(value & 1)
        elif number in wanted:
            fields[number], at = _value(data, at, kind, wanted[number], level)
        elif kind == _TEXT and data[at] < 128:
            at += data[at] + 1
        else:
            at = _passed(data, at, kind, level)
    return fields, at + 1


def _value(data: bytes, at: int, kind: int, wanted: Any, level: int) -> tuple[Any, int]:
    if kind == _TEXT and wanted is TEXT:
        length, at = _length(data, at)
        return data[at : at + length], at + length
    if kind == _STRUCT and isinstance(wanted, Mapping):
        return _struct(data, at, wanted, level + 1)
    if kind == _LIST and isinstance(wanted, list):
        kind, count, at = _list_head(data, at)
        values: list[Any] = []
        for _ in range(count):
            value, at = _value(data, at, kind, wanted[0], level + 1)
            values.append(value)
        return values, at
    raise MalformedError(f"a field of kind {kind}")


def _passed(data: bytes, at: int, kind: int, level: int) -> int:
    """Return where a value ends that nobody wants."""
    if kind in _BOOLEANS:
        return at
    if kind == _TEXT:
        length, at = _length(data, at)
        return at + length
    if kind == _STRUCT:
        return _struct(data, at, {}, level + 1)[1]
    if kind in {_LIST, _SET}:
        kind, count, at = _list_head(data, at)
        if 4 <= kind <= 6:
            for _ in range(count):
                at = _varint(data, at)[1]
        else:
            for _ in range(count):
                at = _passed(data, at, kind, level + 1)
        return at + count if kind in _BOOLEANS else at
    if kind in {_BYTE, _DOUBLE}:
        return at + (1 if kind == _BYTE else 8)
    raise MalformedError(f"a field of kind {kind}")


def _list_head(data: bytes, at: int) -> tuple[int, int, int]:
    head = data[at]
    count, at = head >> 4, at + 1
    if count == 15:
        count, at = _varint(data, at)
    if count > len(data) - at:
        raise MalformedError(f"a list of {count:,} in {len(data) - at:,} bytes")
    return head & 15, count, at


def _length(data: bytes, at: int) -> tuple[int, int]:
    length, at = _varint(data, at)
    if length > len(data) - at:
        raise MalformedError(f"a text of {length:,} bytes in {len(data) - at:,}")
    return length, at


def _signed(data: bytes, at: int) -> tuple[int, int]:
    value, at = _varint(data, at)
    return (value >> 1) ^ -(value & 1), at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while (byte := data[at]) > 127:
        value |= (byte & 127) << shift
        shift += 7
        at += 1
        if shift > 63:
            raise MalformedError("a number of more than 64 bits")
    return value | byte << shift, at + 1
