"""Pieces of a text file: its encoding and line ends, found by looking."""

import codecs
import re
from dataclasses import dataclass

from ingest.core.errors import BadRowError, ConfigError, FatalError
from ingest.core.partition import Slice
from ingest.sources.identity import while_planning
from ingest.sources.opening import codec, open_input, read_plain_head

HEAD_BYTES = 512 * 1024
MIDDLE_BYTES = 128 * 1024

_ARCHIVES = {b"\x1f\x8b": ".gz", b"\x28\xb5\x2f\xfd": ".zst"}
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_MULTIBYTE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_UNDEFINED = {0x81, 0x8D, 0x8F, 0x90, 0x9D}  # in cp1252


@dataclass(frozen=True, slots=True)
class Text:
    """Whole lines from a file's head and, if it is big and not compressed, from further on.

    `pieces[0]` begins with the file's first line, without a byte order mark. `whole` says that
    nothing was left out. Bytes that cannot be decoded are surrogates, so that none is lost.
    """

    pieces: tuple[str, ...]
    encoding: str
    bom: bool
    whole: bool

    def encoded(self, text: str) -> bytes:
        """Return some of the text as it stood in a file, byte for byte."""
        mark = "\ufeff" if self.bom else ""
        return (mark + text).encode(self.encoding, errors="surrogateescape")


def read_text(piece: Slice, head_bytes: int = HEAD_BYTES) -> Text:
    """Read the head of a file, in bytes unpacked, and two places further on if it is big.

    Raises:
        ConfigError: it is not text, is a damaged archive, or no line ends in its head.
    """
    head, later = _read(piece, head_bytes)
    whole = len(head) <= head_bytes
    _refuse(piece, head)
    if head.startswith(_WIDE):
        text = head[: len(head) // 2 * 2].decode("utf-16", errors="replace")
        return Text((text if whole else _whole_lines(piece, text),), "utf-16", False, whole)
    bom = head.startswith(codecs.BOM_UTF8)
    encoding = find_encoding(b"".join([head[: head_bytes - 4], *later]))
    parts = [part.decode(encoding, "surrogateescape") for part in (head, *later)]
    parts[0] = parts[0].removeprefix("\ufeff")
    if not whole:
        parts[0] = _whole_lines(piece, parts[0])
    return Text(tuple(parts), encoding, bom, whole)


def find_encoding(sample: bytes) -> str:
    """Return the encoding under which most of a sample is sound: utf-8, cp1252 or latin-1.

    A few broken bytes among sound UTF-8 are broken bytes: the rows that hold them are rejected.
    """
    broken = [byte for byte in _MULTIBYTE.sub(b"", sample) if byte >= 0x80]
    if not broken or len(_MULTIBYTE.findall(sample)) > len(broken):
        return "utf-8"
    # These bytes are letters and signs in cp1252, and control characters in latin-1.
    signs = {byte for byte in broken if byte <= 0x9F}
    return "cp1252" if signs and not signs & _UNDEFINED else "latin-1"


def _read(piece: Slice, head_bytes: int) -> tuple[bytes, list[bytes]]:
    """Return up to a byte more than the head, and whole lines from further on."""
    try:
        with open_input(piece) as file:
            head = read_plain_head(file, piece, head_bytes + 1)[: head_bytes + 1]
            if codec(piece.uri) or piece.size < 4 * head_bytes or head.startswith(_WIDE):
                return head, []
            later = []
            for share in (0.4, 0.8):
                file.seek(int(piece.size * share))
                part = file.read(MIDDLE_BYTES)
                later.append(part[part.find(b"\n") + 1 : part.rfind(b"\n") + 1])
            return head, later
    except (BadRowError, FatalError) as error:
        raise while_planning(error) from None


def _whole_lines(piece: Slice, text: str) -> str:
    lines = text[: text.rfind("\n") + 1]
    if not lines:
        raise ConfigError(
            f"{piece.uri}: no line ends within the first {len(text):,} characters. Records are "
            f"lines. Look at it: head -c 300 '{piece.uri}'"
        )
    return lines


def _refuse(piece: Slice, head: bytes) -> None:
    for magic, ending in _ARCHIVES.items():
        if head.startswith(magic):
            raise ConfigError(
                f"{piece.uri}: compressed, and not named so: compression is known by the ending. "
                f"Rename it to end in {ending}"
            )
    if not head.startswith(_WIDE) and head[:400].count(0) > 40:
        raise ConfigError(
            f"{piece.uri}: not text: it is full of NUL bytes. If it is UTF-16 without a mark, "
            f"convert it: iconv -f UTF-16LE -t UTF-8 '{piece.uri}' > out.csv"
        )
