"""Columns of Parquet files that are refused when a plan is made."""

from collections.abc import Iterable, Mapping

from ingest.core.errors import ConfigError
from ingest.core.types import Schema, type_name
from ingest.sources.columns.options import is_nameable
from ingest.sources.row_groups.footers import Footer

LEAVE_OUT = "Leave the column out by naming the others: columns: [name, …]"


def refuse_unreadable(footers: Mapping[str, Footer], names: Iterable[str]) -> None:
    """Refuse columns that cannot be read, by what the files' footers say of them.

    Raises:
        ConfigError: one line for each such column.
    """
    reasons = {
        name: f'columns: "{name}": {footer.refused[name]} ({uri}). {LEAVE_OUT}'
        for uri, footer in footers.items()
        for name in names
        if name in footer.refused
    }
    if reasons:
        raise ConfigError(*reasons.values())


def refuse_unnameable(schema: Schema) -> None:
    """Refuse columns of types that a plan cannot hold.

    Raises:
        ConfigError: one line for each such column.
    """
    lines = [
        f'columns: "{name}": steps do not support {type_name(dtype)}. {LEAVE_OUT}'
        for name, dtype in schema.items()
        if not is_nameable(dtype)
    ]
    if lines:
        raise ConfigError(*lines)
