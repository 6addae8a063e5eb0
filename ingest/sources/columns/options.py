"""What a source's `columns` option says of a column, and columns made from the file itself."""

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self

import polars as pl
from pydantic import AfterValidator, model_validator

from ingest.core.errors import BadRowError, ConfigError
from ingest.core.names import fault_of, hint, is_unicode, shown
from ingest.core.partition import Slice
from ingest.core.rows import HIDDEN_PREFIX, POSITION, slice_of
from ingest.core.types import MOST_LEVELS, Schema, field_names, levels, parse_type, type_name
from ingest.core.values.casting import not_a
from ingest.core.values.formats import check_format
from ingest.core.values.numerals import Numerals
from ingest.core.values.texts import Form, failed, parse_texts
from ingest.sources.files.folder_keys import PlannedKeys
from ingest.sources.files.remote import modified_remote
from ingest.storage.connections import StoreConnection
from ingest.storage.uris import is_remote

FILE_COLUMNS: Schema = {
    "_file_path": pl.String(),
    "_file_name": pl.String(),
    "_file_size": pl.Int64(),
    "_file_modified": pl.Datetime("us", "UTC"),
}
NULL_KEY = "__HIVE_DEFAULT_PARTITION__"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _known_type(name: str) -> str:
    parse_type(name)
    return name


TypeName = Annotated[str, AfterValidator(_known_type)]


class ColumnForm(Numerals):
    """A column's type, and the format of its text if that is not ISO 8601 or a plain number."""

    type: TypeName
    """The name of the type, such as `int64`, `date` or `decimal(10,2)`."""
    format: str | None = None
    """The format of dates, times and timestamps, in strftime codes, such as `%d.%m.%Y`."""

    @model_validator(mode="after")
    def _readable(self) -> Self:
        dtype = parse_type(self.type)
        self.check(dtype)
        if self.format is not None:
            try:
                check_format(self.format, dtype)
            except ConfigError as error:
                raise ValueError(str(error)) from None
        return self


class FieldForm(ColumnForm):
    """A column's type, the format of its text, and which texts are null in it."""

    null_values: tuple[str, ...] | None = None
    """Texts that are read as null in this column, instead of those of the source's `null_values`,
    which still decides about the empty text."""


Columns = Mapping[str, TypeName | ColumnForm]


def declared_type(declared: TypeName | ColumnForm) -> pl.DataType:
    """Return the type that a `columns` entry names."""
    return parse_type(declared.type if isinstance(declared, ColumnForm) else declared)


def declared_format(columns: Columns, name: str, usual: Numerals | None = None) -> Form | None:
    """Return how a column's texts are written, if not plainly; `usual` is how numbers are.

    What is said of numbers has no meaning for a column of another type.
    """
    declared = columns.get(name)
    if not isinstance(declared, ColumnForm):
        return usual
    if declared.format is not None:
        return declared.format
    own = declared.within(usual)
    return None if own.is_plain else own


def declared_formats(columns: Columns) -> dict[str, str]:
    """Return how texts of columns are written that are read as dates, times or timestamps."""
    forms = {name: form.format for name, form in columns.items() if isinstance(form, ColumnForm)}
    return {name: form for name, form in forms.items() if form is not None}


def declared_nulls(columns: Columns, name: str) -> tuple[str, ...] | None:
    """Return the texts that are null in a column; None if nothing is said of it."""
    declared = columns.get(name)
    return declared.null_values if isinstance(declared, FieldForm) else None


def is_nameable(dtype: pl.DataType) -> bool:
    """Say whether a type has a name that reads back, so that the plan can hold it."""
    if levels(dtype) > MOST_LEVELS or not all(map(_is_field, field_names(dtype))):
        return False
    try:
        return parse_type(type_name(dtype)) == dtype
    except ValueError:
        return False


def _is_field(name: str) -> bool:
    return bool(name) and "\0" not in name and is_unicode(name)


def refuse_clash(extra: Iterable[str], data: Container[str]) -> None:
    """Refuse folder keys and file columns that have the name of a data column.

    Raises:
        ConfigError: two columns would have one name.
    """
    if clash := [name for name in extra if name in data]:
        option = "include_file_columns" if clash[0] in FILE_COLUMNS else "hive_partitions"
        raise ConfigError(
            f'{option}: "{clash[0]}" is also a column of the data. To leave out the added '
            f"column, write {option}: false"
        )


def refuse_names(option: str, names: Iterable[str], remedy: str) -> None:
    """Refuse names that no step could use.

    Raises:
        ConfigError: one line for each such name, with what to do.
    """
    faults = {name: fault_of_name(name) for name in names}
    lines = [
        f"{option}: {shown(name)} {fault}. {remedy}" for name, fault in faults.items() if fault
    ]
    if lines:
        raise ConfigError(*lines)


def fault_of_name(name: str) -> str:
    """Say why no step could use a column of that name; empty if it can be used."""
    if name.startswith(HIDDEN_PREFIX):
        return f'begins with "{HIDDEN_PREFIX}", which is reserved for hidden columns'
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
    slices: Sequence[Slice],
    schema: Schema,
    keys: PlannedKeys,
    columns: Columns,
    *,
    file_columns: bool,
    connection: StoreConnection | None = None,
) -> dict[str, pl.Series]:
    """Return, for each column made from the file, its value in each slice.

    `file_columns` says whether `FILE_COLUMNS` are wanted: the option decides, because a column of
    the data may be called so.

    Raises:
        BadRowError: a file lies in folders of other keys, or a key's value is not of its type.
    """
    values: dict[str, pl.Series] = {}
    try:
        found = [keys.of(piece.uri) for piece in slices] if keys.keys else []
    except ConfigError as error:
        raise BadRowError(str(error)) from None
    for key in keys.keys:
        nulls = {NULL_KEY, *(declared_nulls(columns, key) or ())}
        texts = [None if has.get(key) in nulls else has.get(key) for has in found]
        values[key] = _key_values(slices, key, texts, schema[key], declared_format(columns, key))
    return values | _of_files(slices, connection) if file_columns else values


def _key_values(
    slices: Sequence[Slice],
    key: str,
    texts: list[str | None],
    dtype: pl.DataType,
    form: Form | None,
) -> pl.Series:
    column = pl.Series(texts, dtype=pl.String)
    values = parse_texts(column, dtype, form)
    wrong = failed(column, values)
    if wrong.any():
        first = int(wrong.arg_true()[0])
        raise BadRowError(
            f'{slices[first].uri}: folder key "{key}": "{texts[first]}" is {not_a(dtype)}. Set '
            "another type for the key in source.columns"
        )
    return values


def _of_files(slices: Sequence[Slice], connection: StoreConnection | None) -> dict[str, pl.Series]:
    uris = [piece.uri for piece in slices]
    made: tuple[Sequence[Any], ...] = (
        uris,
        [uri.rsplit("/", 1)[-1] for uri in uris],
        [piece.size for piece in slices],
        [modified_at(piece, connection) for piece in slices],
    )
    return {
        name: pl.Series(values, dtype=dtype)
        for (name, dtype), values in zip(FILE_COLUMNS.items(), made, strict=True)
    }


def modified_at(piece: Slice, connection: StoreConnection | None) -> datetime | None:
    """Return when a file was last written, UTC; None where the storage does not tell."""
    if is_remote(piece.uri):
        return modified_remote(piece.uri, connection)
    return _EPOCH + timedelta(microseconds=int(piece.version) // 1000)


def with_file_values(frame: pl.DataFrame, values: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Add to each row what its slice's file has for a value."""
    place = slice_of(pl.col(POSITION)).cast(pl.UInt32)
    return frame.with_columns(
        pl.lit(value).gather(place).alias(name) for name, value in values.items()
    )
