"""Text encodings: which may be named, and turning their bytes into UTF-8."""

import codecs
import re

UTF8 = "utf-8"

_KNOWN = re.compile(
    r"utf-(8|16|16-le|16-be|32|32-le|32-be)|ascii|iso8859-\d+|cp\d+|koi8-[rtu]|mac-[a-z]+"
    r"|shift_jis|euc_(jp|kr)|gbk|gb2312|gb18030|big5"
)
_WIDE = re.compile(r"utf-(16|32)")
_ENDS = "\r\n"


def canonical(name: str) -> str:
    """Return an encoding's one name.

    Raises:
        ValueError: there is no such encoding, or it is not one of plain text.
    """
    try:
        found = codecs.lookup(name).name
    except LookupError:
        found = ""
    if found == "utf-8-sig":
        return UTF8
    if not _KNOWN.fullmatch(found):
        raise ValueError(
            f'no such encoding "{name}". Common ones: utf-8, utf-16, latin-1, cp1252, gbk'
        )
    if not is_wide(found) and _ENDS.encode(found) != _ENDS.encode():
        raise ValueError(
            f'"{name}": this encoding does not use the bytes 0D and 0A for line ends, so lines '
            f"cannot be found. Convert the files first: iconv -f {name.upper()} -t UTF-8 IN > "
            "OUT"
        )
    return found


def is_wide(encoding: str) -> bool:
    """Say whether a line feed is more than one byte, so that bytes cannot be cut at line ends."""
    return _WIDE.match(encoding) is not None


def decode_line(line: bytes, encoding: str) -> str | None:
    """Return a line's text, or None if its bytes are not of this encoding."""
    try:
        return line.decode(encoding)
    except UnicodeDecodeError:
        return None


def readable(line: bytes) -> str:
    r"""Return bytes that could not be decoded as text for people, each bad byte as \xNN."""
    return line.decode(UTF8, errors="backslashreplace")


def to_utf8(data: bytes, encoding: str, *, complete: bool) -> bytes:
    """Return text of a wide encoding as UTF-8 without a mark; an unfinished end is left out.

    Raises:
        UnicodeError: the bytes are not of this encoding.
    """
    text = codecs.getincrementaldecoder(encoding)().decode(data, complete)
    return text.removeprefix("\ufeff").encode(UTF8)
