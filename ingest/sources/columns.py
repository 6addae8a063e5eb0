"""What a source's `columns` option says of a column, and columns made from the file itself."""

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self
from urllib.parse import unquote

import polars as pl
from pydantic import AfterValidator, model_validator

from ingest.core.casting import not_a
from ingest.core.errors import BadRowError, ConfigError
from ingest.core.formats import check_format
from ingest.core.model import Model
from ingest.core.names import fault_of, hint
from ingest.core.partition import Slice
from ingest.core.rows import HIDDEN_PREFIX, POSITION, slice_of
from ingest.core.texts import failed, parse_texts
from ingest.core.types import Schema, parse_type, type_name
from ingest.sources.remote import is_remote, modified_remote

FILE_COLUMNS: Schema = {
    "_file_path": pl.String(),
    "_file_name": pl.String(),
    "_file_size": pl.Int64(),
    "_file_modified": pl.Datetime("us", "UTC"),
}
_NULL_KEY = "__HIVE_DEFAULT_PARTITION__"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _known_type(name: str) -> str:
    parse_type(name)
    return name


TypeName = Annotated[str, AfterValidator(_known_type)]


class ColumnForm(Model):
    """A column's type, and how its texts are written if that is not the ISO form."""

    type: TypeName
    """The type's name, such as `int64`, `date` or `decimal(10,2)`."""
    format: str | None = None
    """How dates, times and timestamps are written, in strftime codes, such as `%d.%m.%Y`."""

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if self.format is not None:
            try:
                check_format(self.format, parse_type(self.type))
            except ConfigError as error:
                raise ValueError(str(error)) from None
        return self


Columns = Mapping[str, TypeName | ColumnForm]


def declared_type(declared: TypeName | ColumnForm) -> pl.DataType:
    """Return the type that a `columns` entry names."""
    return parse_type(declared.type if isinstance(declared, ColumnForm) else declared)


def declared_format(columns: Columns, name: str) -> str | None:
    """Return the format that `columns` gives to a column, if any."""
    declared = columns.get(name)
    return declared.format if isinstance(declared, ColumnForm) else None


def is_nameable(dtype: pl.DataType) -> bool:
    """Say whether a type has a name that reads back, so that the plan can hold it."""
    try:
        return parse_type(type_name(dtype)) == dtype
    except ValueError:
        return False


def folder_keys(uri: str) -> dict[str, str]:
    """Return the `key=value` folder names of a URI (hive partitions), decoded, in order."""
    keys = {}
    for folder in uri.split("/")[:-1]:
        key, equals, value = folder.partition("=")
        if key and equals:
            keys[unquote(key)] = unquote(value)
    return keys


def refuse_clash(extra: Iterable[str], data: Container[str]) -> None:
    """Refuse folder keys and file columns that have the name of a data column.

    Raises:
        ConfigError: two columns would have one name.
    """
    if clash := [name for name in extra if name in data]:
        option = "include_file_columns" if clash[0] in FILE_COLUMNS else "hive_partitions"
        raise ConfigError(
            f'{option}: "{clash[0]}" is also a column of the data. Leave one of them out: write '
            f"{option}: false"
        )


def refuse_names(option: str, names: Iterable[str], remedy: str) -> None:
    """Refuse names that no step could use.

    Raises:
        ConfigError: one line for each such name, with what to do.
    """
    faults = {name: fault_of_name(name) for name in names}
    lines = [f'{option}: "{name}" {fault}. {remedy}' for name, fault in faults.items() if fault]
    if lines:
        raise ConfigError(*lines)


def fault_of_name(name: str) -> str:
    """Say why no step could use a column of that name; empty if it can be used."""
    if name.startswith(HIDDEN_PREFIX):
        return f'begins with "{HIDDEN_PREFIX}", which is kept for hidden columns'
    return fault_of(name)


def refuse_unknown(option: str, named: Iterable[str], known: Sequence[str]) -> None:
    """Refuse names that are not among the columns.

    Raises:
        ConfigError: one line for each name that is not there.
    """
    lines = [
        f'{option}: no such column "{name}". {hint(name, known)}Columns here: {", ".join(known)}.'
        for name in named
        if name not in known
    ]
    if lines:
        raise ConfigError(*lines)


def file_values(
    slices: Sequence[Slice], schema: Schema, keys: Sequence[str], columns: Columns
) -> dict[str, pl.Series]:
    """Return, for each column made from the file, its value in each slice.

    Raises:
        BadRowError: a file lies in folders of other keys, or a key's value is not of its type.
    """
    values: dict[str, pl.Series] = {}
    found = [folder_keys(piece.uri) for piece in slices] if keys else []
    for piece, has in zip(slices, found, strict=False):
        if list(has) != list(keys):
            raise BadRowError(
                f"{piece.uri}: folder keys: {', '.join(has) or 'none'}. The plan has "
                f"{', '.join(keys)}. Read such files by a source of their own"
            )
    for key in keys:
        texts = [None if has[key] == _NULL_KEY else has[key] for has in found]
        values[key] = _key_values(slices, key, texts, schema[key], declared_format(columns, key))
    if "_file_path" in schema:
        values.update(_of_files(slices))
    return values


def _key_values(
    slices: Sequence[Slice], key: str, texts: list[str | None], dtype: pl.DataType, form: str | None
) -> pl.Series:
    column = pl.Series(texts, dtype=pl.String)
    values = parse_texts(column, dtype, form)
    wrong = failed(column, values)
    if wrong.any():
        first = int(wrong.arg_true()[0])
        raise BadRowError(
            f'{slices[first].uri}: folder key "{key}": "{texts[first]}" is {not_a(dtype)}. '
            "Give the key another type in source.columns"
        )
    return values


def _of_files(slices: Sequence[Slice]) -> dict[str, pl.Series]:
    uris = [piece.uri for piece in slices]
    made: tuple[Sequence[Any], ...] = (
        uris,
        [uri.rsplit("/", 1)[-1] for uri in uris],
        [piece.size for piece in slices],
        [_modified(piece) for piece in slices],
    )
    return {
        name: pl.Series(values, dtype=dtype)
        for (name, dtype), values in zip(FILE_COLUMNS.items(), made, strict=True)
    }


def _modified(piece: Slice) -> datetime | None:
    if is_remote(piece.uri):
        return modified_remote(piece.uri)
    return _EPOCH + timedelta(microseconds=int(piece.version) // 1000)


def with_file_values(frame: pl.DataFrame, values: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Add to each row what its slice's file has for a value."""
    place = slice_of(pl.col(POSITION)).cast(pl.UInt32)
    return frame.with_columns(
        pl.lit(value).gather(place).alias(name) for name, value in values.items()
    )
