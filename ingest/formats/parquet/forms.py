"""As what each column of a Parquet file is read: its type here, by whom, and what is to be said.

PyArrow says which Arrow type stands behind the groups and annotations of the footer; from there on
the rules are ours, so that a column is the same however and from wherever its file is read:

    categories              as the values that they stand for
    map                     list<struct<key, value>>
    fixed-size list         list
    float16                 float32, which holds each of its values
    INT96                   timestamp(us), or timestamp(ns) if that is asked for
    zones by offset, Z, or a name that nobody knows   UTC: the instants are the same
    ENUM                    string
    decimal of 39 digits and more, VARIANT            refused
    GEOMETRY, GEOGRAPHY, INTERVAL, UUID, BSON         their bytes
"""

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import polars as pl
import pyarrow as pa

from ingest.core.dataclass import dataclass
from ingest.core.types import known_zone
from ingest.formats.parquet.metadata import CODECS, SchemaNode

if TYPE_CHECKING:
    from polars._typing import TimeUnit

_INT96: Final = 3
_INTERVAL: Final = 21
_ENUM: Final = 4
_LOGICAL_KNOWN: Final = 15
_LOGICAL_NOTES: Final = {
    14: "UUID, as its 16 bytes",
    17: "GEOMETRY, as its bytes (WKB)",
    18: "GEOGRAPHY, as its bytes (WKB)",
}
_CONVERTED_NOTES: Final = {_INTERVAL: "INTERVAL, as its 12 bytes", 20: "BSON, as its bytes"}
_VARIANT: Final = 16
_MOST_DIGITS: Final = 38

_PLAIN: Final = {
    pa.bool_(): pl.Boolean(),
    pa.int8(): pl.Int8(),
    pa.int16(): pl.Int16(),
    pa.int32(): pl.Int32(),
    pa.int64(): pl.Int64(),
    pa.uint8(): pl.UInt8(),
    pa.uint16(): pl.UInt16(),
    pa.uint32(): pl.UInt32(),
    pa.uint64(): pl.UInt64(),
    pa.float32(): pl.Float32(),
    pa.float64(): pl.Float64(),
    pa.string(): pl.String(),
    pa.large_string(): pl.String(),
    pa.binary(): pl.Binary(),
    pa.large_binary(): pl.Binary(),
    pa.date32(): pl.Date(),
    pa.null(): pl.Null(),
}
"""Types that both decoders read alike, bit by bit."""
_OTHER: Final = {
    pa.float16(): pl.Float32(),
    pa.string_view(): pl.String(),
    pa.binary_view(): pl.Binary(),
    pa.date64(): pl.Date(),
}


@dataclass(frozen=True, slots=True)
class ReadForm:
    """As what a column is read.

    `plain` says that Polars' decoder may be trusted with it, `opens` that Polars can open a file
    that has such a column at all, `int96` that timestamps in it are written as INT96. `refusal` is
    why it cannot be read, for the end of a sentence.
    """

    dtype: pl.DataType
    plain: bool = False
    opens: bool = True
    int96: bool = False
    notes: tuple[str, ...] = ()
    refusal: str = ""

    @property
    def note(self) -> str:
        """What a person should know of it; empty if it is just what the file says."""
        return "; ".join(dict.fromkeys(self.notes))


def form_of(node: SchemaNode, kind: pa.DataType, codecs: frozenset[int]) -> ReadForm:
    """Return as what a column is read: its node in the schema, its Arrow type, its compression."""
    form = _form(
        pa.string() if _is_enum(node) and kind in {pa.binary(), pa.large_binary()} else kind
    )
    refusal = form.refusal or _refusal(node, kind, codecs)
    if refusal:
        return ReadForm(pl.Unknown(), opens=False, refusal=refusal)
    nodes = list(node.within())
    notes = [note for each in nodes if (note := _note(each))]
    odd = any((each.logical or 0) > _LOGICAL_KNOWN or each.converted == _INTERVAL for each in nodes)
    int96 = any(each.physical == _INT96 for each in nodes)
    plain = form.plain and not odd and not int96
    return ReadForm(form.dtype, plain, form.opens and not odd, int96, (*notes, *form.notes))


def _is_enum(node: SchemaNode) -> bool:
    """Say whether a leaf is an ENUM, which is text by the specification and bytes to PyArrow."""
    return _ENUM in {node.logical, node.converted}


def _note(node: SchemaNode) -> str:
    if node.physical == _INT96:
        return "INT96"
    logical = node.logical or 0
    if logical > _LOGICAL_KNOWN and logical not in _LOGICAL_NOTES:
        return "of a logical type that is not known here, read as its plain values"
    return _LOGICAL_NOTES.get(logical) or _CONVERTED_NOTES.get(node.converted or 0, "")


def _refusal(node: SchemaNode, kind: pa.DataType, codecs: frozenset[int]) -> str:
    """Return why a column cannot be read although its Arrow type can."""
    if any(each.logical == _VARIANT for each in node.within()):
        return "it is a VARIANT, which is not supported yet"
    if any("\0" in each.name for each in node.within() if each is not node):
        return "the name of one of its fields contains a NUL character"
    if doubled := _doubled(kind):
        return f'its field "{doubled}" occurs twice'
    for codec in sorted(codecs):
        if codec >= len(CODECS):
            return f"its compression is not supported (codec {codec})"
        if CODECS[codec] == "lzo":
            return "it is compressed with LZO, which is not supported"
    return ""


def _doubled(kind: pa.DataType) -> str:
    """Return the name of a field that comes twice in a struct."""
    for within in _structs(kind):
        name, times = Counter(field.name for field in within).most_common(1)[0]
        if times > 1:
            return str(name)
    return ""


def _structs(kind: pa.DataType) -> Iterator[pa.DataType]:
    if pa.types.is_struct(kind) and kind.num_fields:
        yield kind
    for number in range(kind.num_fields):
        yield from _structs(kind.field(number).type)


@lru_cache(maxsize=1024)
def _form(kind: pa.DataType) -> ReadForm:
    if kind in _PLAIN:
        return ReadForm(_PLAIN[kind], plain=True)
    if kind in _OTHER:
        is_half = pa.types.is_float16(kind)
        return ReadForm(_OTHER[kind], notes=("float16, as float32",) if is_half else ())
    if isinstance(kind, pa.BaseExtensionType):
        form = _form(kind.storage_type)
        notes = (f"{kind.extension_name}, as its storage type", *form.notes)
        return ReadForm(form.dtype, opens=False, notes=notes, refusal=form.refusal)
    if pa.types.is_dictionary(kind):
        values = _form(kind.value_type)
        text = isinstance(values.dtype, pl.String)
        return ReadForm(
            values.dtype, plain=text, opens=text, notes=values.notes, refusal=values.refusal
        )
    return _timed(kind) or _nested(kind) or _unread(kind)


def _timed(kind: pa.DataType) -> ReadForm | None:
    if pa.types.is_timestamp(kind):
        return _timestamp(kind)
    if pa.types.is_time(kind):
        return ReadForm(pl.Time())  # Polars' decoder turns 24:00 into null
    if pa.types.is_duration(kind):
        return ReadForm(pl.Duration(_unit(kind)), plain=kind.unit != "s")
    if pa.types.is_fixed_size_binary(kind):
        return ReadForm(pl.Binary(), plain=True)
    return _decimal(kind) if pa.types.is_decimal(kind) else None


def _timestamp(kind: pa.DataType) -> ReadForm:
    zone = known_zone(kind.tz) if kind.tz else None
    if zone or not kind.tz:
        return ReadForm(pl.Datetime(_unit(kind), zone), plain=True)
    notes = (f'instants in UTC; the file says "{kind.tz}"',)
    return ReadForm(pl.Datetime(_unit(kind), "UTC"), opens=False, notes=notes)


def _unit(kind: pa.DataType) -> "TimeUnit":
    """Return the unit that Polars has room in for each value of a type."""
    units: dict[str, TimeUnit] = {"s": "ms", "ms": "ms", "us": "us", "ns": "ns"}
    return units[kind.unit]


def _decimal(kind: pa.DataType) -> ReadForm:
    if kind.precision > _MOST_DIGITS:
        return ReadForm(
            pl.Unknown(),
            refusal=(
                f"it is decimal({kind.precision},{kind.scale}), but decimals have at most "
                f"{_MOST_DIGITS} digits"
            ),
        )
    if not 0 <= kind.scale <= kind.precision:
        return _unread(kind)
    plain = pa.types.is_decimal128(kind)
    return ReadForm(pl.Decimal(kind.precision, kind.scale), plain=plain, opens=plain)


def _nested(kind: pa.DataType) -> ReadForm | None:
    if pa.types.is_map(kind):
        pair = pa.struct([("key", kind.key_type), ("value", kind.item_type)])
        return _list(pair, opens=True, note="a map, as list<struct<key, value>>")
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _list(kind.value_type, opens=True)
    if pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind):
        return _list(kind.value_type, opens=False)
    if pa.types.is_fixed_size_list(kind):
        return _list(kind.value_type, opens=True, note=f"lists of {kind.list_size}, as list")
    if pa.types.is_struct(kind):
        forms = {field.name: _form(field.type) for field in kind}
        return ReadForm(
            pl.Struct({name: form.dtype for name, form in forms.items()}),
            opens=all(form.opens for form in forms.values()),
            notes=tuple(note for form in forms.values() for note in form.notes),
            refusal=next((form.refusal for form in forms.values() if form.refusal), ""),
        )
    return None


def _list(inner: pa.DataType, *, opens: bool, note: str = "") -> ReadForm:
    form = _form(inner)
    notes = (*((note,) if note else ()), *form.notes)
    return ReadForm(
        pl.List(form.dtype), opens=opens and form.opens, notes=notes, refusal=form.refusal
    )


def _unread(kind: pa.DataType) -> ReadForm:
    return ReadForm(pl.Unknown(), refusal=f"it is {kind}, which is not supported")
