"""The footer of a Parquet file: its row groups and its columns, read without trusting it."""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import BinaryIO, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.core.dataclass import dataclass
from ingest.core.errors import BadRowError, JobError
from ingest.core.types import Schema
from ingest.formats.parquet.forms import ReadForm, form_of
from ingest.formats.parquet.metadata import Chunk, Group, Metadata, parse
from ingest.formats.parquet.thrift import MalformedError

Int96 = Literal["us", "ns"]

MAGIC = b"PAR1"
_ENCRYPTED = b"PARE"
_TAIL_BYTES = 64 * 1024
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{64,}={0,2}")
_PICKLED = (b"ray.data.", b"arrow.py_extension_type")
"""Arrow extension types that unpickle what the file says. Ray before 2.56 ran such code."""


@dataclass(frozen=True)
class Footer:
    """What a Parquet file says of itself.

    `forms` says as what each column is read, or why it cannot be. `leaves` are, for each column,
    the places of its chunks in each row group. `tail` is the footer as it stands in the file, with
    its length and the closing mark. `opens` says that Polars can open the file.
    """

    forms: dict[str, ReadForm]
    groups: tuple[Group, ...]
    leaves: dict[str, range]
    opens: bool
    tail: bytes
    int96: Int96

    @cached_property
    def rows(self) -> tuple[int, ...]:
        """The rows of each row group."""
        return tuple(group.rows for group in self.groups)

    @cached_property
    def bytes(self) -> tuple[int, ...]:
        """What each row group takes on storage."""
        return tuple(group.bytes for group in self.groups)

    @property
    def plain_bytes(self) -> int:
        """What all row groups take when they are unpacked."""
        return sum(group.plain_bytes for group in self.groups)

    @property
    def schema(self) -> Schema:
        """The columns with the types that they are read as; unknown ones for those in `refused`."""
        return {name: form.dtype for name, form in self.forms.items()}

    @property
    def notes(self) -> dict[str, str]:
        """What a person should know of columns that are not just what the file says."""
        return {name: form.note for name, form in self.forms.items() if form.note}

    @property
    def refused(self) -> dict[str, str]:
        """The columns that cannot be read, each with the reason."""
        return {name: form.refusal for name, form in self.forms.items() if form.refusal}

    def chunks(self, name: str, start: int, end: int) -> list[Chunk]:
        """Return the chunks of a column in some row groups."""
        places = self.leaves[name]
        return [group.chunks[place] for group in self.groups[start:end] for place in places]


def read_footer(file: BinaryIO, size: int, uri: str, int96: Int96 = "us") -> Footer:
    """Read the footer of a file of so many bytes, and nothing else of it.

    Raises:
        BadRowError: it is damaged, is no Parquet file, or is one that cannot be read.
        JobError: it names extension types that would run code from the file.
    """
    tail = _read_tail(file, size, uri)
    _refuse_pickles(tail, uri)
    try:
        metadata = _parsed(tail, size)
        if metadata.encrypted:
            raise BadRowError(
                f"{uri}: encrypted Parquet: {metadata.encrypted} cannot be read without keys, "
                "and ingest does not support keys. Have the file written without encryption"
            )
        if metadata.elsewhere:
            raise BadRowError(
                f"{uri}: a Parquet footer without data: its columns are stored in "
                f'"{metadata.elsewhere}". Name the files that contain the data'
            )
        _refuse_names(metadata, uri)
        return _footer(tail, size, int96)
    except MalformedError as error:
        raise damaged(uri, f"its footer: {error}") from None
    except (pa.ArrowException, OSError) as error:
        # It was parsed from memory: an error here is the file's fault and never the network's.
        raise damaged(uri, str(error)) from None


def _refuse_names(metadata: Metadata, uri: str) -> None:
    """Refuse a file with a name that is not UTF-8: PyArrow cannot even open it."""
    for column in metadata.columns:
        for node in column.within():
            if any("\udc80" <= char <= "\udcff" for char in node.name):
                shown = node.name.encode("utf-8", "surrogateescape").decode(
                    errors="backslashreplace"
                )
                raise BadRowError(
                    f'{uri}: the name of column "{shown}" is not UTF-8. Have the file written '
                    "with another name"
                )


def damaged(uri: str, what: str) -> BadRowError:
    """Make the error for a file that cannot be read as Parquet."""
    return BadRowError(
        f"{uri}: not a complete Parquet file: {first_line(what)}. Download or copy the file again"
    )


def first_line(text: str) -> str:
    """Return the first line of what a decoder said, without its full stop."""
    return text.strip().partition("\n")[0].rstrip(". ") or "no reason given"


@lru_cache(maxsize=4)
def _parsed(tail: bytes, size: int) -> Metadata:
    """Parse a footer, once for all the slices of a file that a worker reads one after the other."""
    return parse(tail[:-8], size - len(tail))


@lru_cache(maxsize=4)
def _footer(tail: bytes, size: int, int96: Int96) -> Footer:
    """Return what a footer says, made once like what it is parsed to: it takes 1 ms."""
    metadata = _parsed(tail, size)
    # In microseconds whatever is asked for: the type of an INT96 is set below.
    parsed = pq.ParquetFile(
        pa.BufferReader(MAGIC + tail),
        coerce_int96_timestamp_unit=int96,
        arrow_extensions_enabled=False,
    )
    fields = parsed.schema_arrow
    if len(fields) != len(metadata.columns):
        raise MalformedError(
            f"{len(metadata.columns)} columns, but only {len(fields)} have a known type"
        )
    codecs, leaves, at = [], [], 0
    for node in metadata.columns:
        leaves.append(range(at, at + node.leaves))
        at += node.leaves
        chunks = (group.chunks[place] for group in metadata.groups for place in leaves[-1])
        codecs.append(frozenset(chunk.codec for chunk in chunks))
    names = [node.name for node in metadata.columns]
    forms = [
        form_of(node, fields.field(place).type, codecs[place])
        for place, node in enumerate(metadata.columns)
    ]
    return Footer(
        forms=_by_name(names, forms),
        groups=metadata.groups,
        leaves=dict(zip(names, leaves, strict=True)),
        opens=all(form.opens for form in forms) and len(set(names)) == len(names),
        tail=tail,
        int96=int96,
    )


def _by_name(names: Sequence[str], forms: Sequence[ReadForm]) -> dict[str, ReadForm]:
    """Return the forms of the columns; a name that two have stands for none."""
    found = dict(zip(names, forms, strict=True))
    for name, times in Counter(names).items():
        if times > 1:
            found[name] = ReadForm(
                found[name].dtype, opens=False, refusal=f"{times} columns have that name"
            )
    return found


def _read_tail(file: BinaryIO, size: int, uri: str) -> bytes:
    """Return the footer with its length and the closing mark."""
    start = max(0, size - _TAIL_BYTES)
    file.seek(start)
    tail = file.read()
    if tail.endswith(_ENCRYPTED) and size >= 12:
        raise BadRowError(
            f"{uri}: encrypted Parquet: even its footer cannot be read without keys, and "
            "ingest does not support keys. Have the file written without encryption"
        )
    if len(tail) < 12 or not tail.endswith(MAGIC):
        file.seek(0)
        if size and file.read(len(MAGIC)) != MAGIC:
            raise BadRowError(
                f"{uri}: not a Parquet file: it does not begin with {MAGIC.decode()}, as all of "
                "them do. Set source.type to the format of the file, or name Parquet files"
            )
        raise damaged(uri, f'the last bytes of its {size} bytes are not "PAR1"')
    length = int.from_bytes(tail[-8:-4], "little") + 8
    if length > size - len(MAGIC):
        raise damaged(uri, f"the footer claims {length} bytes, but the file has only {size}")
    if length > len(tail):
        file.seek(size - length)
        tail = file.read()
    return tail[-length:]


def _refuse_pickles(footer: bytes, uri: str) -> None:
    for encoded in _BASE64.findall(footer):
        try:
            decoded = base64.b64decode(encoded)
        except binascii.Error:
            continue
        for name in _PICKLED:
            if name in decoded:
                raise JobError(
                    f'{uri}: a column has the extension type "{name.decode()}…", which would '
                    "run code from the file. Rewrite the file with plain columns"
                )
