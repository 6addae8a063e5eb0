"""The header of CSV files: its names at plan time, and its check in every file."""

from collections import Counter
from collections.abc import Sequence

from ingest.core.errors import BadRowError, ConfigError
from ingest.sources.columns import refuse_names
from ingest.sources.file_schema import Expected, quoted

_OWN_NAMES = "header: [name, …] with skip_rows: 1"


def column_names(fields: Sequence[str]) -> list[str]:
    """Return the column names of a header; a column without a name is called for its place."""
    return [name or f"column_{place}" for place, name in enumerate(fields, 1)]


def refuse_header(names: Sequence[str], uri: str) -> None:
    """Refuse names that cannot be columns.

    Raises:
        ConfigError: a name stands twice, or no step could use it.
    """
    if any("\r" in name for name in names):
        raise ConfigError(
            f"header: {uri}: a carriage return stands in the header. Lines end in LF or CRLF. "
            "Convert a file whose lines end in CR alone: tr '\\r' '\\n'"
        )
    if twice := duplicates(names):
        raise ConfigError(
            f"header: {uri}: {quoted(twice)} stands more than once in the header. Give each "
            f"column its own name: {_OWN_NAMES}"
        )
    refuse_names(f"header: {uri}", names, f"Give it another name: {_OWN_NAMES}")


def check_header(uri: str, found: Sequence[str], planned: Expected) -> tuple[str, ...]:
    """Return a file's own column order.

    Raises:
        BadRowError: its names are not those of the plan, or one stands twice.
    """
    if set(found) == set(planned.names) and len(found) == len(planned.names):
        return tuple(found)
    if twice := duplicates(found):
        raise BadRowError(
            f"{uri}: header: more than once: {quoted(twice)}. Give each column its own name"
        )
    planned.check(uri, found)
    return tuple(found)


def duplicates(names: Sequence[str]) -> list[str]:
    """Return the names that stand more than once."""
    return [name for name, count in Counter(names).items() if count > 1]
