"""How each column of a Parquet file is encoded, which a sample of its rows decides.

PyArrow writes, because it can be told: 491,000 taxi rows of 12 columns took 93 ms and 8.7 MB with
dictionaries everywhere but in ids and timestamps, 83 ms and 8.2 MB with differences for those that
are integers, 76 ms and 8.1 MB with the encodings chosen here. Polars' own writer, which cannot be
told, took 111 ms and 10.2 MB.
"""

from collections.abc import Container, Iterator
from typing import NamedTuple

import polars as pl
import pyarrow as pa

from ingest.compiled.library import is_there

_SAMPLE_ROWS = 4096
_DISTINCT_SHARE = 0.5
_NUMBERED_SHARE = 0.25
_DELTA_BITS = 48


class Encodings(NamedTuple):
    """The columns that get a dictionary, and those that are stored as differences.

    Nested columns are named by the paths of their leaves. Of the former, the values of the
    `numbered` texts are numbered before PyArrow gets them.
    """

    dictionaries: tuple[str, ...]
    differences: tuple[str, ...]
    numbered: frozenset[str]


def encodings(rows: pl.DataFrame, schema: pa.Schema, *, delta: bool) -> Encodings:
    """Choose encodings for rows like these, and with `delta` differences among them."""
    flat = [name for name, kind in rows.schema.items() if not kind.is_nested()]
    # by their numbers: a slice with a step takes twice as long
    step = max(1, rows.height // _SAMPLE_ROWS)
    places = pl.int_range(0, rows.height, step, dtype=pl.UInt32, eager=True)
    sample = rows.select(flat)
    if flat:  # without columns there are no rows
        sample = sample[places.head(_SAMPLE_ROWS)]
    distinct = {name: sample[name].n_unique() for name in flat}
    dictionaries = tuple(_repeating(schema, distinct, sample.height * _DISTINCT_SHARE))
    differences = _sequences(sample, set(dictionaries)) if delta else ()
    few = sample.height * _NUMBERED_SHARE
    texts = (name for name, kind in sample.schema.items() if isinstance(kind, pl.String))
    numbered = (name for name in texts if distinct[name] <= few) if is_there() else ()
    return Encodings(dictionaries, tuple(differences), frozenset(numbered))


def _repeating(schema: pa.Schema, distinct: dict[str, int], most: float) -> Iterator[str]:
    """Return the columns that are worth a dictionary.

    Nested columns always are tried: PyArrow gives a dictionary up once it outgrows a page.
    """
    for field in schema:
        if field.name not in distinct:
            yield from _leaves(field.name, field.type)
        elif distinct[field.name] <= max(1, most):
            yield field.name


def _sequences(sample: pl.DataFrame, leave_out: Container[str]) -> Iterator[str]:
    """Return the columns whose differences are small numbers: counters, times, not hashes.

    Of 64 random bits the differences take twice the work of the values, and more space.
    """
    for name, kind in sample.schema.items():
        if name in leave_out or not (kind.is_integer() or isinstance(kind, pl.Datetime)):
            continue
        values = sample[name].to_physical()
        least, most = values.min(), values.max()
        if isinstance(least, int) and isinstance(most, int) and most - least < 1 << _DELTA_BITS:
            yield name


def _leaves(path: str, kind: pa.DataType) -> Iterator[str]:
    if pa.types.is_struct(kind):
        for field in kind:
            yield from _leaves(f"{path}.{field.name}", field.type)
    elif (
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    ):
        yield from _leaves(f"{path}.list.element", kind.value_type)
    else:
        yield path
