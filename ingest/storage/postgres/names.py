"""Names of schemas, tables and columns: always quoted, and refused where the server cuts them."""

import json

from ingest.core.dataclass import dataclass

MOST_BYTES = 63
"""Longer names are cut by the server, which only mentions it."""


def quoted(name: str) -> str:
    """Return a name as it stands in a statement."""
    return '"' + name.replace('"', '""') + '"'


def listed(names: object, before: str = "") -> str:
    """Return names as a list in a statement, each perhaps of a table that is called `before`."""
    assert isinstance(names, list | tuple | dict)
    return ", ".join(f"{before}{quoted(name)}" for name in names)


def fault_of_name(name: str) -> str:
    """Say why something cannot be called so; empty if it can."""
    if not name:
        return "is empty"
    if "\0" in name:
        return "contains a NUL character"
    size = len(name.encode())
    return f"is {size} bytes long, and {MOST_BYTES} are allowed" if size > MOST_BYTES else ""


@dataclass(frozen=True, slots=True)
class TableName:
    """A table of a schema."""

    schema: str
    table: str

    @classmethod
    def parse(cls, text: str) -> "TableName":
        """Read `schema.table` or `table`; names with dots or other signs stand in double quotes.

        Raises:
            ValueError: it is written otherwise.
        """
        parts = _parts(text)
        if parts is None or not 1 <= len(parts) <= 2:
            raise ValueError(
                f'"{text}": not the name of a table. Write schema.table; names that contain a dot '
                'or a quote need double quotes: public."a.b"'
            )
        schema, table = parts if len(parts) == 2 else ["public", *parts]
        for name in (schema, table):
            if fault := fault_of_name(name):
                raise ValueError(f"{json.dumps(name)}: the name {fault}. Use another name")
        return cls(schema, table)

    @property
    def sql(self) -> str:
        """The name as it stands in a statement."""
        return f"{quoted(self.schema)}.{quoted(self.table)}"

    def __str__(self) -> str:
        return f"{_written(self.schema)}.{_written(self.table)}"


def _written(name: str) -> str:
    return quoted(name) if "." in name or '"' in name else name


def _parts(text: str) -> list[str] | None:
    """Split at the dots outside quotes; None if a quote is not closed or stands within a name."""
    parts: list[str] = []
    rest = text
    while True:
        if rest.startswith('"'):
            name, end = "", 1
            while end < len(rest):
                if rest[end : end + 2] == '""':
                    name, end = name + '"', end + 2
                elif rest[end] == '"':
                    break
                else:
                    name, end = name + rest[end], end + 1
            else:
                return None
            rest = rest[end + 1 :]
        else:
            name, dot, after = rest.partition(".")
            rest = dot + after
            if '"' in name:
                return None
        parts.append(name)
        if not rest:
            return parts
        if not rest.startswith("."):
            return None
        rest = rest[1:]
