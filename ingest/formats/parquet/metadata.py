"""What the footer of a Parquet file says, as it is written there: columns and where they lie."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ingest.core.dataclass import dataclass
from ingest.formats.parquet.thrift import INTEGER, TEXT, Fields, MalformedError, read_struct

MOST_LEVELS = 128
"""How deep groups may be nested: a list is two groups, and native code goes in by recursion."""

CODECS = ("none", "snappy", "gzip", "lzo", "brotli", "lz4", "zstd", "lz4_raw")
"""Compression by its number."""


class _Each(Mapping[int, Any]):
    """Any field is wanted that is a struct, and nothing of what is in it."""

    def __contains__(self, key: object) -> bool:
        return True

    def __getitem__(self, key: int) -> Mapping[int, Any]:
        return {}

    def __iter__(self) -> Iterator[int]:
        return iter(())

    def __len__(self) -> int:
        return 0


_ELEMENT = {
    1: INTEGER, 3: INTEGER, 4: TEXT, 5: INTEGER, 6: INTEGER, 10: _Each(),
}  # fmt: skip
_STATISTICS = {3: INTEGER}
_CHUNK_METADATA = {
    4: INTEGER, 5: INTEGER, 6: INTEGER, 7: INTEGER, 9: INTEGER, 11: INTEGER, 12: _STATISTICS,
}  # fmt: skip
_CHUNK = {1: TEXT, 3: _CHUNK_METADATA, 8: _Each(), 9: TEXT}
_FILE = {2: [_ELEMENT], 4: [{1: [_CHUNK], 2: INTEGER, 3: INTEGER}], 8: _Each()}


@dataclass(frozen=True, slots=True)
class SchemaNode:
    """A group or a leaf of the schema, as it is written: numbers are those of parquet.thrift.

    `physical` is None for a group; `logical` is the number of the field that is set in the union
    of logical types. `repetition` is 0 for required, 1 for optional, 2 for repeated.
    """

    name: str
    physical: int | None
    repetition: int
    converted: int | None
    logical: int | None
    children: tuple["SchemaNode", ...] = ()

    @property
    def leaves(self) -> int:
        """How many columns of values lie in it."""
        return sum(child.leaves for child in self.children) if self.physical is None else 1

    def within(self) -> Iterator["SchemaNode"]:
        """Yield it and all nodes below it."""
        yield self
        for child in self.children:
            yield from child.within()


class Chunk(NamedTuple):
    """The pages of one column in one row group: offsets in bytes, `nulls` if the file says it."""

    start: int
    size: int
    plain_size: int
    values: int
    codec: int
    nulls: int | None


@dataclass(frozen=True, slots=True)
class Group:
    """A row group: its rows, and a chunk for each leaf of the schema, in order."""

    rows: int
    chunks: tuple[Chunk, ...]
    plain_bytes: int

    @property
    def bytes(self) -> int:
        """What it takes on storage."""
        return sum(chunk.size for chunk in self.chunks)


@dataclass(frozen=True, slots=True)
class Metadata:
    """A footer. `encrypted` says what cannot be read without keys, `elsewhere` in which file."""

    columns: tuple[SchemaNode, ...]
    groups: tuple[Group, ...]
    encrypted: str = ""
    elsewhere: str = ""


def parse(footer: bytes, data_bytes: int) -> Metadata:
    """Read the metadata out of the bytes of a footer that follows so many bytes of a file.

    Raises:
        MalformedError: it says what cannot be: the text is the reason.
    """
    fields, _ = read_struct(footer, 0, _FILE)
    elements = fields.get(2) or []
    if not elements:
        raise MalformedError("it has no schema")
    root, used = _node(elements, 0, 0)
    leaves = root.leaves
    if used != len(elements):
        raise MalformedError("its schema is incomplete")
    groups = fields.get(4, [])
    encrypted, elsewhere = _apart(groups)
    if 8 in fields and not encrypted:
        encrypted = "its columns"
    if encrypted or elsewhere:
        return Metadata(root.children, (), encrypted, elsewhere)
    return Metadata(root.children, tuple(_group(group, leaves, data_bytes) for group in groups))


def _node(elements: Sequence[Fields], at: int, level: int) -> tuple[SchemaNode, int]:
    """Return the node that begins at a place of the list, and the place behind it."""
    if level > MOST_LEVELS:
        raise MalformedError(f"its schema is nested more than {MOST_LEVELS} levels deep")
    if at >= len(elements):
        raise MalformedError("its schema is incomplete")
    element = elements[at]
    at += 1
    children = []
    for _ in range(_count(element.get(5) or 0, len(elements))):
        child, at = _node(elements, at, level + 1)
        children.append(child)
    physical = None if children or not level else element.get(1)
    if level and physical is None and not children:
        raise MalformedError("a group of its schema has no fields")
    return SchemaNode(
        name=_name(element.get(4, b"")),
        physical=physical,
        repetition=element.get(3, 0),
        converted=element.get(6),
        logical=next(iter(element[10]), None) if 10 in element else None,
        children=tuple(children),
    ), at


def _name(written: bytes) -> str:
    """Return a name; bytes that are no UTF-8 become characters that no valid name has."""
    return written.decode("utf-8", "surrogateescape")


def _apart(groups: Sequence[Fields]) -> tuple[str, str]:
    """Return what is encrypted, and which other file holds columns."""
    for group in groups:
        for chunk in group.get(1, ()):
            if 8 in chunk or 9 in chunk:
                return "some of its columns", ""
            if chunk.get(1):
                return "", _name(chunk[1])
    return "", ""


def _group(fields: Fields, leaves: int, data_bytes: int) -> Group:
    chunks = fields.get(1, [])
    if len(chunks) != leaves:
        raise MalformedError(f"a row group has {len(chunks)} columns, but the schema has {leaves}")
    return Group(
        rows=_count(fields.get(3, 0)),
        chunks=tuple([_chunk(chunk.get(3), data_bytes) for chunk in chunks]),
        plain_bytes=_count(fields.get(2, 0)),
    )


def _chunk(fields: Fields | None, data_bytes: int) -> Chunk:
    if fields is None:
        raise MalformedError("a column of a row group has no description")
    pages, dictionary = fields.get(9, 0), fields.get(11, 0)
    # Old writers set the dictionary's place to 0 where there is none, or begin with it unsaid.
    start = dictionary if 0 < dictionary < pages else pages
    size = _count(fields.get(7, 0))
    if start < 0 or start + size > data_bytes:
        raise MalformedError(
            f"a column claims bytes {start:,} to {start + size:,}, but the file has {data_bytes:,}"
        )
    nulls = fields[12].get(3) if 12 in fields else None
    return Chunk(start, size, fields.get(6, 0), fields.get(5, 0), fields.get(4, 0), nulls)


def _count(number: int, most: int | None = None) -> int:
    if number < 0 or (most is not None and number > most):
        raise MalformedError(f"a count of {number:,}")
    return number
