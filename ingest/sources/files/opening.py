"""Opening inputs: identity checked before and after, archives unpacked within limits."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

import pyarrow as pa
from isal import isal_zlib

from ingest.core.errors import BadRowError, FatalError
from ingest.core.partition import Slice
from ingest.sources.files.identity import InputChangedError, Stamp, refuse_changed, stamp_of
from ingest.sources.files.remote import open_remote
from ingest.storage.causes import cause_of, storage_error
from ingest.storage.connections import StoreConnection
from ingest.storage.object_file import ObjectChangedError, ObjectFile
from ingest.storage.remote import using
from ingest.storage.uris import is_remote

CODECS = {".gz": "gzip", ".zst": "zstd"}
LEAST_LIMIT_BYTES = 256 * 1024**2
"""What every archive may unpack to: a worker has room for it, and a bomb of a megabyte stops."""
EXPANSION_BYTES = 32 * 1024**2
"""How much is unpacked to see how far a file unpacks; what is read ahead falsifies less."""
_STEP_BYTES = 4 * 1024**2
_PACKED_BYTES = 256 * 1024
_MAGIC = b"\x1f\x8b"
_DAMAGE = cast("type[Exception]", isal_zlib.error)
_GZIP = 31
"""Tells zlib to expect gzip's header, and windows of any size."""


@contextmanager
def open_input(piece: Slice, connection: StoreConnection | None = None) -> Iterator[BinaryIO]:
    """Open the input of a slice for reading, as it was when the plan was frozen.

    If it is remote, by the connection; without one, as the environment says.

    The identity is checked before the first and after the last byte is read: what was read in
    between is of that version, or an error is raised instead; also if it could not be read, which
    may be because it was changed. Each request for bytes of an object of S3 is for that version.

    Raises:
        FatalError: the input has changed or vanished since the plan, or may not be read.
        RetryableError: the storage did not answer; ThrottledError if it is asked too often.
    """
    try:
        with using(piece.uri), _open(piece.uri, connection) as file:
            opened = _stamp(piece.uri, file, connection)
            refuse_changed(piece, opened)
            try:
                yield file
            except (BadRowError, ObjectChangedError):
                refuse_changed(piece, stamp_of(piece.uri, None, connection), opened)
                raise
            refuse_changed(piece, stamp_of(piece.uri, None, connection), opened)
    except FileNotFoundError:
        raise InputChangedError(piece, None) from None
    except PermissionError:
        raise FatalError(
            f"{piece.uri}: no permission to read it. Give this user permission to read, then "
            "resume with execution.touched_inputs=accept, because changing permissions touches "
            "the file"
        ) from None
    except OSError as error:
        raise storage_error(f"{piece.uri}: the storage did not answer: {error}", error) from error


def _open(uri: str, connection: StoreConnection | None) -> BinaryIO:
    if is_remote(uri):
        return open_remote(uri, connection)
    return open(uri, "rb")  # noqa: PTH123 - a Path takes longer, and small files are many


def _stamp(uri: str, file: BinaryIO, connection: StoreConnection | None) -> Stamp:
    """Return what an input was when it was opened."""
    if isinstance(file, ObjectFile):
        return Stamp(file.size, file.version)
    return stamp_of(uri, None if is_remote(uri) else os.fstat(file.fileno()), connection)


def codec(uri: str) -> str | None:
    """Return how a file is compressed, by its ending in upper or lower case; None if it is not."""
    return CODECS.get(uri[uri.rfind(".") :].lower())


def read_plain(file: BinaryIO, piece: Slice, limit_bytes: int | None) -> Iterator[bytes]:
    """Yield a whole input, unpacked.

    `limit_bytes` bounds the unpacked size; None means 100 times the packed size and at least
    256 MiB, because inputs are hostile.

    Raises:
        BadRowError: the archive is truncated or damaged, or would grow beyond the limit.
    """
    if (name := codec(piece.uri)) is None:
        yield file.read()
        return
    limit = max(LEAST_LIMIT_BYTES, 100 * piece.size) if limit_bytes is None else limit_bytes
    size = 0
    for chunk in _unpack(file, piece, name):
        size += len(chunk)
        if size > limit:
            raise BadRowError(
                f"{piece.uri}: {piece.size} bytes unpack to more than {limit} bytes. If that "
                "is correct, raise source.max_decompressed_bytes"
            )
        yield chunk


def read_plain_head(file: BinaryIO, piece: Slice, wanted_bytes: int) -> bytes:
    """Return the first bytes of an input, unpacked: at least `wanted_bytes`, or all there are."""
    if (name := codec(piece.uri)) is None:
        return file.read(wanted_bytes)
    head = bytearray()
    for chunk in _unpack(file, piece, name, step=min(wanted_bytes, _STEP_BYTES)):
        head += chunk
        if len(head) >= wanted_bytes:
            break
    return bytes(head)


def expansion(piece: Slice, connection: StoreConnection | None = None) -> float:
    """Return how far the beginning of an input unpacks; 1 if it is not compressed."""
    if (name := codec(piece.uri)) is None or not piece.size:
        return 1.0
    with open_input(piece, connection) as file:
        plain = taken = 0
        for chunk in _unpack(file, piece, name):
            plain, taken = plain + len(chunk), file.tell()
            if plain >= EXPANSION_BYTES:
                break
        return max(1.0, plain / max(1, taken))


def _unpack(file: BinaryIO, piece: Slice, name: str, step: int = _STEP_BYTES) -> Iterator[bytes]:
    """Yield unpacked chunks; the truncation of an archive's tail is noticed, as Polars does not."""
    try:
        if name == "gzip":
            yield from _gunzip(file, step)
            return
        stream = pa.CompressedInputStream(pa.PythonFile(file, "r"), name)
        while chunk := stream.read(step):
            yield chunk
    except EOFError:
        raise _broken(piece, name, "truncated", "its end is missing") from None
    except (OSError, _DAMAGE) as error:
        if cause_of(error) is not None:  # the storage failed, not the archive
            raise
        what = "truncated" if "Truncated" in str(error) else "damaged"
        raise _broken(piece, name, what, str(error)) from None


def _gunzip(file: BinaryIO, step: int) -> Iterator[bytes]:
    """Yield unpacked chunks of gzip, checksums checked: of one archive, or several in a row.

    95 MB of CSV take 72 ms with ISA-L, 101 with zlib-ng, 227 with PyArrow, 298 with zlib.

    Zero bytes behind the last one are padding, as they are to gzip itself.

    Raises:
        EOFError: the end is missing. isal_zlib.error: the data are damaged.
    """
    unpacker, packed = None, file.read(_PACKED_BYTES)
    while packed:
        if unpacker is None or unpacker.eof:
            if unpacker is not None and not (packed := _without_padding(file, packed)):
                return
            _refuse_foreign(packed, first=unpacker is None)
            unpacker = isal_zlib.decompressobj(_GZIP)
        if chunk := unpacker.decompress(packed, step):
            yield chunk
        packed = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
        packed = packed or file.read(_PACKED_BYTES)
    if unpacker is None:
        return
    while not unpacker.eof and (chunk := unpacker.decompress(b"", step)):
        yield chunk
    if not unpacker.eof:
        raise EOFError


def _without_padding(file: BinaryIO, packed: bytes) -> bytes:
    """Return what follows the zero bytes behind an archive; nothing if they reach to the end."""
    padded = packed.startswith(b"\0")
    while packed and not (rest := packed.lstrip(b"\0")):
        packed = file.read(_PACKED_BYTES)
    if padded and packed:
        raise _DAMAGE(f"zero bytes follow its end, and then other bytes: {_shown(rest)}")
    return packed


def _refuse_foreign(packed: bytes, *, first: bool) -> None:
    if _MAGIC.startswith(packed[: len(_MAGIC)]):
        return
    if first:
        raise _DAMAGE(f"it does not begin like one, but with {_shown(packed)}")
    raise _DAMAGE(f"bytes that are not gzip follow its end: {_shown(packed)}")


def _shown(data: bytes) -> str:
    """Return the first few bytes as Python writes them."""
    return repr(data[:12])


def _broken(piece: Slice, name: str, what: str, why: str) -> BadRowError:
    return BadRowError(
        f"{piece.uri}: the {name} archive is {what}: {why}. Download or copy the file again"
    )
