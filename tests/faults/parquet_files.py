"""Parquet files that no writer here would write: footers and page headers taken apart and changed.

A struct of Thrift is a dict of field ids to `(kind, value)`; a list is `(kind of elements, list)`.
"""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec

Struct = dict[int, tuple[int, Any]]

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, TEXT, LIST, STRUCT = 1, 2, 3, 4, 5, 6, 7, 8, 9, 12


def change_footer(path: Path, change: Callable[[Struct], object], after: bytes = b"") -> Path:
    """Change the footer of a file in place; `after` is put behind it, as signatures are."""
    content = path.read_bytes()
    length = int.from_bytes(content[-8:-4], "little")
    footer, _ = decode(content[-8 - length : -8], 0)
    change(footer)
    path.write_bytes(content[: -8 - length] + framed(encode(footer) + after))
    return path


def framed(footer: bytes, magic: bytes = b"PAR1") -> bytes:
    """Return a footer with its length and the closing mark."""
    return footer + len(footer).to_bytes(4, "little") + magic


def elements(footer: Struct) -> list[Struct]:
    """Return the nodes of the schema, the root first."""
    return footer[2][1][1]


def chunks(footer: Struct) -> list[Struct]:
    """Return the column chunks of the first row group."""
    return footer[4][1][1][0][1][1][1]


def logical(node: Struct, number: int, annotation: Struct | None = None) -> None:
    """Give a node another logical type, and no converted one."""
    node.pop(6, None)
    node[10] = (STRUCT, {number: (STRUCT, annotation or {})})


def change_page(path: Path, change: Callable[[Struct], object], column: int = 0) -> Path:
    """Change the header of the first page of a column, which must keep its length."""
    content = bytearray(path.read_bytes())
    at, end, header = _page(bytes(content), column)
    change(header)
    new = encode(header)
    assert len(new) == end - at, "the header has another length"
    content[at:end] = new
    path.write_bytes(content)
    return path


def change_data(path: Path, change: Callable[[bytearray], object], column: int = 0) -> Path:
    """Change the bytes of the first page of a column behind its header; a checksum is made anew."""
    content = bytearray(path.read_bytes())
    at, end, header = _page(bytes(content), column)
    data = content[end : end + header[3][1]]
    change(data)
    content[end : end + header[3][1]] = data
    if 4 in header:
        checksum = zlib.crc32(data)
        header[4] = (I32, checksum - (1 << 32) if checksum >= 1 << 31 else checksum)
        content[at:end] = encode(header)
    path.write_bytes(content)
    return path


def _page(content: bytes, column: int) -> tuple[int, int, Struct]:
    length = int.from_bytes(content[-8:-4], "little")
    footer, _ = decode(content[-8 - length : -8], 0)
    chunk = chunks(footer)[column][3][1]
    at = chunk[11][1] if 11 in chunk else chunk[9][1]
    header, end = decode(content, at)
    return at, end, header


def decode(data: bytes, at: int) -> tuple[Struct, int]:
    """Read a struct of the compact protocol, and where it ends."""
    struct: Struct = {}
    number = 0
    while kind := data[at] & 15:
        delta, at = data[at] >> 4, at + 1
        if delta:
            number += delta
        else:
            number, at = _signed(data, at)
        struct[number], at = _decoded(data, at, kind)
    return struct, at + 1


def encode(struct: Struct) -> bytes:
    """Write a struct in the compact protocol."""
    written, last = b"", 0
    for number, (kind, value) in sorted(struct.items()):
        near = number - last < 16
        written += bytes([(number - last) << 4 | kind]) if near else bytes([kind])
        written += (b"" if near else _varint(number << 1)) + _encoded(kind, value)
        last = number
    return written + b"\0"


def _decoded(data: bytes, at: int, kind: int) -> tuple[tuple[int, Any], int]:
    if kind in {TRUE, FALSE}:
        return (kind, kind == TRUE), at
    if kind in {I16, I32, I64}:
        value, at = _signed(data, at)
        return (kind, value), at
    if kind == TEXT:
        length, at = _unsigned(data, at)
        return (kind, data[at : at + length]), at + length
    if kind == STRUCT:
        value, at = decode(data, at)
        return (kind, value), at
    if kind == LIST:
        inner, count, at = data[at] & 15, data[at] >> 4, at + 1
        if count == 15:
            count, at = _unsigned(data, at)
        values = []
        for _ in range(count):
            (_, value), at = _decoded(data, at, inner)
            values.append(value)
        return (kind, (inner, values)), at
    size = 1 if kind == BYTE else 8
    return (kind, data[at : at + size]), at + size


def _encoded(kind: int, value: Any) -> bytes:
    if kind in {TRUE, FALSE}:
        return b""
    if kind in {I16, I32, I64}:
        return _varint(value << 1 if value >= 0 else (-value << 1) - 1)
    if kind == TEXT:
        return _varint(len(value)) + value
    if kind == STRUCT:
        return encode(value)
    if kind == LIST:
        inner, values = value
        head = bytes([len(values) << 4 | inner]) if len(values) < 15 else bytes([15 << 4 | inner])
        count = b"" if len(values) < 15 else _varint(len(values))
        return head + count + b"".join(_encoded(inner, each) for each in values)
    return value


def _unsigned(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while data[at] > 127:
        value |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
    return value | data[at] << shift, at + 1


def _signed(data: bytes, at: int) -> tuple[int, int]:
    value, at = _unsigned(data, at)
    return (value >> 1) ^ -(value & 1), at


def _varint(value: int) -> bytes:
    written = b""
    while value > 127:
        written += bytes([value & 127 | 128])
        value >>= 7
    return written + bytes([value])


def uploaded(path: Path) -> str:
    """Put a file into a bucket of this process and return its URI; no two files share one."""
    uri = f"memory:/{path}"
    fsspec.filesystem("memory").pipe(str(path), path.read_bytes())
    return uri
