"""What stands in a file where a value does not fit its type, as JSON that a person can read."""

import json
from typing import Any

import polars as pl
import pyarrow as pa

from ingest.core.json_rows import json_values
from ingest.core.values.iso import iso_texts
from ingest.formats.parquet.arrays import fitted

_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def raw_values(values: pa.ChunkedArray, nanos: pa.ChunkedArray | None) -> list[str]:
    r"""Return each value as JSON; bytes that are not UTF-8 as \xNN, times also behind 24:00.

    `nanos` is the same column as `arrays.fitted` takes it, where it holds INT96.
    """
    beside = nanos if nanos is not None else [None] * len(values)
    return [json.dumps(_raw(*pair)) for pair in zip(values, beside, strict=True)]


def _raw(value: pa.Scalar, nanos: pa.Scalar | None) -> Any:
    if not value.is_valid:
        return None
    if isinstance(value, pa.ExtensionScalar | pa.DictionaryScalar):
        return _raw(value.value, None)
    if isinstance(value, pa.StructScalar):
        return {
            field.name: _raw(value[place], None if nanos is None else nanos[place])
            for place, field in enumerate(value.type)
        }
    if isinstance(value, pa.ListScalar | pa.LargeListScalar | pa.FixedSizeListScalar):
        beside = [None] * len(value.values) if nanos is None else nanos.values
        return [_raw(*pair) for pair in zip(value.values, beside, strict=True)]
    return _leaf(value, nanos)


def _leaf(value: pa.Scalar, nanos: pa.Scalar | None) -> Any:
    kind = value.type
    if isinstance(value, pa.StringScalar | pa.LargeStringScalar | pa.StringViewScalar):
        return value.as_buffer().to_pybytes().decode("utf-8", "backslashreplace")
    if isinstance(value, pa.Time32Scalar | pa.Time64Scalar):
        seconds, rest = divmod(value.value, _PER_SECOND[kind.unit])
        minutes, second = divmod(seconds, 60)
        return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}{_fraction(rest, kind.unit)}"
    if isinstance(value, pa.TimestampScalar) and nanos is not None and nanos.type != kind:
        seconds, millis = divmod(value.value, 1_000)
        rest = (nanos.value - value.value * 1_000_000) % 2**64
        whole = pl.Series([seconds * 1_000], dtype=pl.Int64).cast(pl.Datetime("ms"))
        return f"{iso_texts(whole).item()}{_fraction(millis * 1_000_000 + rest, 'ns')}"
    if isinstance(value, pa.Decimal128Scalar):
        return str(value.as_py())
    column = pl.Series(pl.from_arrow(fitted(pa.array([value], kind)).array))
    return json.loads(json_values(column).item())


def _fraction(rest: int, unit: str) -> str:
    digits = len(str(_PER_SECOND[unit])) - 1
    return f".{rest:0{digits}}" if rest else ""
