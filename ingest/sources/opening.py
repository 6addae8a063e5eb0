"""Opening inputs: identity checked before and after, archives unpacked within limits."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa
from isal import isal_zlib

from ingest.core.causes import storage_error
from ingest.core.errors import BadRowError, FatalError
from ingest.core.partition import Slice
from ingest.sources.remote import is_remote, open_remote, stat_remote

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
def open_input(piece: Slice) -> Iterator[BinaryIO]:
    """Open the input of a slice for reading, as it was when the plan was frozen.

    The identity is checked before the first and after the last byte is read: what was read in
    between is of that version, or an error is raised instead.

    Raises:
        FatalError: the input has changed or vanished since the plan, or may not be read.
        RetryableError: the storage did not answer; ThrottledError if it is asked too often.
    """
    try:
        with open_remote(piece.uri) if is_remote(piece.uri) else Path(piece.uri).open("rb") as file:
            _check_identity(piece, None if is_remote(piece.uri) else os.fstat(file.fileno()))
            yield file
            _check_identity(piece, None)
    except FileNotFoundError:
        raise FatalError(
            f"{piece.uri}: the input has vanished since the plan was made, when it had "
            f"{piece.size} bytes. Put it back and resume, or plan anew with --fresh"
        ) from None
    except PermissionError:
        raise FatalError(
            f"{piece.uri}: no permission to read it. Give this user the right to read and resume"
        ) from None
    except OSError as error:
        raise storage_error(f"{piece.uri}: the storage did not answer: {error}", error) from error


def _check_identity(piece: Slice, status: os.stat_result | None) -> None:
    """Compare what the input is now, or a status taken of it, with what the plan says."""
    if is_remote(piece.uri):
        size, version = stat_remote(piece.uri)
    else:
        status = status or Path(piece.uri).stat()
        size, version = status.st_size, str(status.st_mtime_ns)
    if (size, version) != (piece.size, piece.version):
        change = "shrunk" if size < piece.size else "changed"
        raise FatalError(
            f"{piece.uri}: the input has {change} since the plan was made: it was {piece.size} "
            f"bytes of version {piece.version} and is {size} bytes of version {version}. "
            "Put the planned version back and resume, or plan anew with --fresh"
        )


def codec(uri: str) -> str | None:
    """Return how a file is compressed, by its ending; None if it is not."""
    return CODECS.get(uri[uri.rfind(".") :])


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
                f"{piece.uri}: {piece.size} bytes unpack to more than {limit} bytes. "
                "If that is right, raise source.max_decompressed_bytes"
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


def expansion(piece: Slice) -> float:
    """Return how far the beginning of an input unpacks; 1 if it is not compressed."""
    if (name := codec(piece.uri)) is None or not piece.size:
        return 1.0
    with open_input(piece) as file:
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
        what = "truncated" if "Truncated" in str(error) else "damaged"
        raise _broken(piece, name, what, str(error)) from None


def _gunzip(file: BinaryIO, step: int) -> Iterator[bytes]:
    """Yield unpacked chunks of gzip, checksums checked: of one archive, or several in a row.

    95 MB of CSV take 72 ms with ISA-L, 101 with zlib-ng, 227 with PyArrow, 298 with zlib.

    Raises:
        EOFError: the end is missing. isal_zlib.error: the data are damaged.
    """
    unpacker, packed = None, file.read(_PACKED_BYTES)
    while packed:
        if unpacker is None or unpacker.eof:
            if not _MAGIC.startswith(packed[: len(_MAGIC)]):
                raise _DAMAGE("no archive begins where one should")
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


def _broken(piece: Slice, name: str, what: str, why: str) -> BadRowError:
    return BadRowError(f"{piece.uri}: the {name} archive is {what}: {why}. Fetch the file again")
