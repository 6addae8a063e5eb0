"""Pieces of a text file: its encoding and line ends, found by looking."""

import codecs
import itertools
import re
from collections.abc import Iterator

from ingest.core.dataclass import dataclass
from ingest.core.errors import BadRowError, ConfigError, FatalError
from ingest.core.partition import Slice
from ingest.sources.files.foreign import foreign, refusal
from ingest.sources.files.identity import while_planning
from ingest.sources.files.opening import codec, open_input, read_plain_head
from ingest.sources.text.encodings import is_wide

HEAD_BYTES = 512 * 1024
MIDDLE_BYTES = 128 * 1024

_ARCHIVES = {b"\x1f\x8b": ".gz", b"\x28\xb5\x2f\xfd": ".zst"}
_MARKS = {
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_MULTIBYTE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_UNDEFINED = {0x81, 0x8D, 0x8F, 0x90, 0x9D}  # in cp1252
_WORD = re.compile(r"[^\s,;|\"']*[^\x00-\x7f][^\s,;|\"']*")
_LOOK_BYTES = 1000
_MANY_CONTROLS, _SOME_CONTROLS, _KINDS = 0.1, 0.02, 4
_WORDS = 100


@dataclass(frozen=True, slots=True)
class Text:
    """Whole lines from a file's head and, of a big one that is not compressed, from further on.

    `pieces[0]` begins with the file's first line, without a byte order mark; lines end in LF there,
    whatever `line_end` they have in the file. `whole` says that nothing was left out, `ended` that
    the last piece goes to the file's end. Bytes that cannot be decoded are surrogates, so that none
    is lost.
    """

    pieces: tuple[str, ...]
    encoding: str
    bom: bool
    whole: bool
    ended: bool = True
    line_end: str = "\n"

    def encoded(self, text: str) -> bytes:
        """Return some of the text as it stood in a file, byte for byte."""
        mark = "\ufeff" if self.bom else ""
        lines = text if self.line_end == "\n" else text.replace("\n", self.line_end)
        return (mark + lines).encode(self.encoding, errors="surrogateescape")

    @property
    def foreign_words(self) -> Iterator[str]:
        """The first words that show whether the encoding is right; none if all is ASCII."""
        pieces = (piece for piece in self.pieces if not piece.isascii())
        words = (match[0][:40] for piece in pieces for match in _WORD.finditer(piece))
        return itertools.islice(words, _WORDS)


def read_text(piece: Slice, head_bytes: int = HEAD_BYTES) -> Text:
    """Read the head of a file, in bytes unpacked, and places further on if it is big.

    Raises:
        ConfigError: it is not text, is a damaged archive, or no line ends in its head.
    """
    head, later, ended = _read(piece, head_bytes)
    whole = len(head) <= head_bytes
    _refuse(piece, head)
    encoding = find_encoding(b"".join([head[: head_bytes - 4], *later]))
    if is_wide(encoding):
        later, ended = [], whole
        head = head[: len(head) // 4 * 4] if not whole else head
    parts = [part.decode(encoding, _handler(encoding)) for part in (head, *later)]
    bom = parts[0].startswith("\ufeff")
    parts[0] = parts[0].removeprefix("\ufeff")
    line_end = "\r" if "\n" not in parts[0] and "\r" in parts[0].rstrip("\r") else "\n"
    if line_end == "\r":
        parts, ended = [parts[0].replace("\r", "\n")], whole
    if not whole:
        parts[0] = _whole_lines(piece, parts[0])
    return Text(tuple(parts), encoding, bom, whole, ended, line_end)


def find_encoding(sample: bytes) -> str:
    """Return the encoding under which most of a sample is sound: of UTF-8, cp1252 and latin-1.

    Or one of two and more bytes, if it begins with a mark or every other byte is NUL. A few broken
    bytes among sound UTF-8 are broken bytes: the rows that hold them are rejected.
    """
    for mark, encoding in _MARKS.items():
        if sample.startswith(mark):
            return encoding
    start = sample[:_LOOK_BYTES]
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if (
            start[first::2].count(0) > 0.8 * len(start[first::2])
            and start.count(0) < len(start) * 0.6
        ):
            return encoding
    broken = [byte for byte in _MULTIBYTE.sub(b"", sample) if byte >= 0x80]
    if not broken or len(_MULTIBYTE.findall(sample)) > len(broken):
        return "utf-8"
    # These bytes are letters and signs in cp1252, and control characters in latin-1.
    signs = {byte for byte in broken if byte <= 0x9F}
    return "cp1252" if signs and not signs & _UNDEFINED else "latin-1"


def _handler(encoding: str) -> str:
    return "replace" if is_wide(encoding) else "surrogateescape"


def _read(piece: Slice, head_bytes: int) -> tuple[bytes, list[bytes], bool]:
    """Return up to a byte more than the head, whole lines from further on, and if to the end."""
    try:
        with open_input(piece) as file:
            head = read_plain_head(file, piece, head_bytes + 1)[: head_bytes + 1]
            if len(head) <= head_bytes:
                return head, [], True
            if codec(piece.uri) or find_encoding(head[:_LOOK_BYTES]) in {"utf-16", "utf-32"}:
                return head, [], False
            later = []
            places = (0.4, 0.8) if piece.size >= 4 * head_bytes else ()
            for share in places:
                file.seek(int(piece.size * share))
                part = file.read(MIDDLE_BYTES)
                later.append(part[part.find(b"\n") + 1 : part.rfind(b"\n") + 1])
            file.seek(max(head_bytes, piece.size - MIDDLE_BYTES))
            part = file.read()
            return head, [*later, part[part.find(b"\n") + 1 :]], True
    except (BadRowError, FatalError) as error:
        raise while_planning(error) from None


def _whole_lines(piece: Slice, text: str) -> str:
    lines = text[: text.rfind("\n") + 1]
    if not lines:
        raise ConfigError(
            f"{piece.uri}: there is no line end in the first {len(text):,} characters. Each "
            f"record must be a line. Inspect the file: head -c 300 '{piece.uri}'"
        )
    return lines


def _refuse(piece: Slice, head: bytes) -> None:
    for magic, ending in _ARCHIVES.items():
        if head.startswith(magic):
            raise ConfigError(
                f"{piece.uri}: compressed, but its name does not say so. Rename it to end in "
                f"{ending}"
            )
    if (kind := foreign(head, piece.uri)) is not None:
        raise ConfigError(refusal(piece.uri, kind))
    encoding = find_encoding(head[:_LOOK_BYTES])
    start = head[:_LOOK_BYTES]
    if not is_wide(encoding) and _is_binary(start):
        raise ConfigError(
            f"{piece.uri}: not text: it contains many control characters. Name a CSV, JSON "
            f"Lines or Parquet file. Inspect the file: head -c 300 '{piece.uri}' | od -c"
        )


def _is_binary(start: bytes) -> bool:
    """Say whether bytes are no text: many control characters, or not few and of several kinds.

    A text may have one kind here and there, as a NUL for what is not known; random bytes have all.
    """
    controls = [byte for byte in start if byte < 0x20 and byte not in b"\t\n\f\r\x01\x1f"]
    share = len(controls) / (len(start) or 1)
    return share > _MANY_CONTROLS or (share > _SOME_CONTROLS and len(set(controls)) >= _KINDS)
