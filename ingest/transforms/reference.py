"""Read the small tables that `lookup` joins, once in each process, as any source is read."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field
from functools import lru_cache
from typing import Any, Final, Literal

import polars as pl
from pydantic import TypeAdapter

from ingest.core.dataclass import dataclass
from ingest.core.errors import BadRowError, ConfigError, FatalError
from ingest.core.names import no_such_column
from ingest.core.partition import Partition, Slice, partition_id
from ingest.core.rows import POSITION, slice_of
from ingest.core.showing import showable
from ingest.sources import SOURCES, AnySource
from ingest.sources.base import Rejects, Source
from ingest.sources.endings import type_by_ending, types_by_ending
from ingest.sources.file_source import FileSource
from ingest.sources.files.opening import codec, open_input, read_plain
from ingest.storage.connections import StoreConnection

MOST_BYTES: Final = 256 * 1024**2
"""The most bytes, unpacked, of a table that every worker holds in memory."""
_CHUNK_BYTES: Final = 4 * 1024**2

OnDuplicate = Literal["fail", "first"]


def as_source(reference: Any) -> Any:
    """Return the source that a reference is, of the type that its path ends in if it says none.

    Raises:
        ValueError: the ending is none that is known, or an option is wrong.
    """
    if not isinstance(reference, dict):
        return reference
    typed = _with_type(reference)
    if SOURCES.is_builtin(typed.get("type")):
        SOURCES.load(typed["type"])
    # by way of JSON, as the job itself: only there is a list taken for a tuple
    return _adapter(SOURCES.imported).validate_json(json.dumps(typed), strict=True)


@lru_cache(maxsize=1)
def _adapter(_imported: tuple[type[Source], ...]) -> TypeAdapter[Source]:
    """Return what validates a source of any type that has been imported by now."""
    return TypeAdapter(AnySource)


def type_of_reference(reference: Any) -> str | None:
    """Return the type of a reference, by the ending of its path if it says none.

    Empty if that is none that is known by now, None if it has neither; it may be malformed.
    """
    if (path := _path(reference)) is not None:
        return type_by_ending(path)
    name = reference.get("type") if isinstance(reference, dict) else None
    return name if isinstance(name, str) else None


def _with_type(reference: dict[str, Any]) -> dict[str, Any]:
    path = _path(reference)
    if path is None:
        return reference
    if not (name := type_by_ending(path)):
        raise ValueError(
            f'"{path}" does not end in {", ".join(types_by_ending())}. Set reference.type to the '
            "format of the file"
        )
    return {**reference, "type": name}


def _path(reference: Any) -> str | None:
    """Return the first path of a reference that does not say of which type it is."""
    if not isinstance(reference, dict) or "type" in reference:
        return None
    path = reference.get("path")
    first = path[0] if isinstance(path, list | tuple) and path else path
    return first if isinstance(first, str) else None


def read(
    source: Source,
    keys: tuple[str, ...],
    on_duplicate: OnDuplicate,
    *,
    quote_values: bool = True,
) -> pl.DataFrame:
    """Return the table, after checking that its key is unique.

    A table stays in memory until one of its files changes. With `quote_values`, an error says which
    key comes twice, else only where.

    Raises:
        ConfigError: it cannot be read, holds a bad record, or a key comes twice.
        RetryableError: the storage did not answer.
    """
    with _errors():
        slices = tuple(source.slices(2**63))
    reference = _Reference(type(source), source.model_dump_json(by_alias=True), source)
    return _read(reference, slices, keys, on_duplicate, quote_values=quote_values)


def digest(source: Source) -> str:
    """Return the SHA-256, in hex, of what lies in the files of a reference."""
    found = hashlib.sha256()
    with _errors():
        for piece in source.slices(2**63):
            found.update(f"{piece.size}:".encode())
            with open_input(piece, _connection(source)) as file:
                while chunk := file.read(_CHUNK_BYTES):
                    found.update(chunk)
    return found.hexdigest()


@dataclass(frozen=True)
class _Reference:
    """A source that can be looked up in a cache: two are the same that are written the same."""

    kind: type[Source]
    written: str
    source: Source = field(compare=False)


@lru_cache(maxsize=16)
def _read(
    reference: _Reference,
    slices: tuple[Slice, ...],
    keys: tuple[str, ...],
    on_duplicate: OnDuplicate,
    *,
    quote_values: bool,
) -> pl.DataFrame:
    source = reference.source
    with _errors():
        _refuse_large(source, slices)
        layout = source.layout(slices, {})
        found = source.read(Partition(0, partition_id(slices), slices), layout)
        table = found.frame.drop(POSITION).collect()
    if found.rejects is not None:
        raise ConfigError(_bad(found.rejects, slices))
    if unknown := [name for name in keys if name not in table.schema]:
        where = f"in the lookup table {slices[0].uri}"
        other = "If the column has another name there, write key: {HERE: THERE}."
        lines = (str(no_such_column(name, table.schema, where)) for name in unknown)
        raise ConfigError(*(f"key: {line} {other}" for line in lines))
    # null finds no partner, so that it may stand as often as it likes
    known = table.select(pl.all_horizontal(pl.col(keys).is_not_null())).to_series()
    repeated = table.select(keys).is_duplicated() & known
    twice = showable(table.select(keys).filter(repeated)).rows()
    if not twice:
        return table
    if on_duplicate == "first":
        return table.filter(known).unique(keys, keep="first", maintain_order=True)
    value = f"that of record {repeated.arg_true()[0] + 1:,}"
    if quote_values:
        value = f'"{", ".join(str(part) for part in twice[0])}"'
    raise ConfigError(
        f"reference: the key {', '.join(keys)} must be unique, but {value} occurs "
        f"{twice.count(twice[0])} times in {slices[0].uri}{_more(len(slices) - 1)}. Add "
        "columns to `key`, fix the table, or write on_duplicate: first to use the first of "
        "these rows"
    )


def _refuse_large(source: Source, slices: Sequence[Slice]) -> None:
    size = 0.0
    for piece in slices:
        size += _plain_bytes(source, piece)
        if size > MOST_BYTES:
            raise ConfigError(
                f"path: {piece.uri}: more than {MOST_BYTES:,} bytes unpacked, and every worker "
                "holds the whole table in memory. Remove columns and rows that the lookup does "
                "not need"
            )


def _plain_bytes(source: Source, piece: Slice) -> float:
    """Return the size of a file, unpacked; of an archive no more than shows it to be too large."""
    if codec(piece.uri) is None:
        return piece.bytes * source.expansion([piece])
    size = 0
    with open_input(piece, _connection(source)) as file:
        for chunk in read_plain(file, piece, 2 * MOST_BYTES):
            size += len(chunk)
            if size > MOST_BYTES:
                break
    return size


def _connection(source: Source) -> StoreConnection | None:
    return source.connection if isinstance(source, FileSource) else None


def _bad(rejects: Rejects, slices: Sequence[Slice]) -> str:
    """Return the message about the first bad record of a table."""
    frame = rejects.frame
    where = frame.select(slice_of(pl.col("position"))).item(0, 0)
    first = frame.row(0, named=True)
    column = f"{first['column']}: " if first["column"] is not None else ""
    more = f" The table has {frame.height - 1} more bad records." if frame.height > 1 else ""
    return (
        f"reference: {slices[where].uri}:{first['line']}: {column}{first['reason']}.{more} A "
        "lookup table must not contain bad records. Fix the file, or set the source options in "
        "`reference` that describe it"
    )


def _more(count: int) -> str:
    return f" and {count} more" if count else ""


@contextmanager
def _errors() -> Iterator[None]:
    """Say of what goes wrong in a source that it is the reference."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(*(f"reference.{line}" for line in error.lines)) from None
    except (BadRowError, FatalError) as error:
        raise ConfigError(f"reference: {error}") from None
