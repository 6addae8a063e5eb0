"""Names of files, which need not be text."""

import os
import shlex
from contextlib import suppress
from pathlib import Path


def printable(path: str) -> str:
    r"""Return a path that can be printed: bytes that are no text as \xNN.

    A file name need not be text in UTF-8; Python carries its other bytes as half surrogates, which
    can neither be printed nor stored.
    """
    try:
        return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # half a pair that stands for no byte
        return path.encode("utf-8", "backslashreplace").decode()


def shell_word(path: str) -> str:
    """Return a path as it is typed in bash, whatever bytes it is of."""
    if is_utf8(path) and path.isprintable():
        return shlex.quote(path)
    plain = (
        chr(byte) if 0x20 <= byte < 0x7F and chr(byte) not in "'\\" else f"\\x{byte:02x}"
        for byte in os.fsencode(path)
    )
    return f"$'{''.join(plain)}'"


def readable_path(path: str) -> str:
    """Return a path for people: printable, and relative to the working folder if it lies there."""
    with suppress(OSError):  # the working folder may be gone
        path = path.removeprefix(f"{Path.cwd()}/")
    return printable(path)


def is_utf8(path: str) -> bool:
    """Say whether a file name is text in UTF-8."""
    return path.isascii() or not any("\ud800" <= char <= "\udfff" for char in path)
