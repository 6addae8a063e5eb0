r"""Standard output and standard error that may fail without ending the run.

A reader may leave (`2>&1 | head -1`), a disk may be full (`>/dev/full`), a stream may be closed
from the beginning (`2>&-`). What cannot be written is then dropped: a run continues to its end, and
its exit code says what became of it.

Here, text becomes what a terminal shows. Names of files, values and messages of other programs may
hold control characters, which would colour, move or retitle it: they are shown as `\x1b`.
"""

import errno
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

STANDARD = (1, 2)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""All but tab and line feed."""


def escaped(text: str) -> str:
    """Return text as it is shown: control characters escaped. What is returned stays as it is."""
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


class Stream:
    """A text stream that raises nothing: after its first failure it drops what it is given.

    It shows control characters escaped, unless it is `raw`: then what moves the cursor is its
    writer's, and so is the care for what comes from elsewhere.

    `lost` says why something that was written is lost; empty if nothing is, and if the reader just
    left or never was there.
    """

    def __init__(self, stream: TextIO | None, *, raw: bool = False) -> None:
        self.lost = ""
        self._raw = raw
        self._dead = stream is None
        self._stream: Any = stream

    def write(self, text: str) -> int:
        """Write, if that is possible, and say how much was taken: all of it."""
        self._try(text if self._raw else escaped(text))
        return len(text)

    def flush(self) -> None:
        """Pass on what waits, if that is possible."""
        self._try("")

    def isatty(self) -> bool:
        """Say whether somebody may be looking."""
        return not self._dead and bool(self._stream.isatty())

    def raw(self) -> "Stream":
        """Return the stream for one who moves the cursor."""
        return Stream(None if self._dead else self._stream, raw=True)

    def told(self) -> None:
        """Note that the user knows of what is lost."""
        self.lost = ""

    def __getattr__(self, name: str) -> Any:
        """Be the stream itself in all else: its encoding, its number, its buffer."""
        if self._stream is None:
            raise AttributeError(name)
        return getattr(self._stream, name)

    def _try(self, text: str) -> None:
        if self._dead:
            return
        try:
            if text:
                self._stream.write(text)
            else:
                self._stream.flush()
        except BlockingIOError:
            return  # the stream does not wait for its reader: only this is lost
        except RuntimeError:  # a signal came amid another write, and this is its handler
            with suppress(OSError):
                os.write(self._stream.fileno(), text.encode(errors="backslashreplace"))
        except (OSError, ValueError) as error:
            self._fail(error)

    def _fail(self, error: OSError | ValueError) -> None:
        """Drop all that comes, and what is buffered: on that, Python would fail as it ends."""
        self._dead = True
        number = error.errno if isinstance(error, OSError) else errno.EBADF  # closed by somebody
        if number not in {errno.EPIPE, errno.EBADF}:
            self.lost = os.strerror(number or errno.EIO)
        with suppress(OSError, ValueError, AttributeError):
            if (descriptor := self._stream.fileno()) in STANDARD:
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, descriptor)
                os.close(null)


def tolerant(stream: Any) -> TextIO:
    """Return the stream in a form that raises nothing, see `Stream`."""
    if isinstance(stream, Stream):
        return cast("TextIO", stream)
    with suppress(AttributeError, OSError, ValueError):  # not all have it, nor broken ones
        stream.reconfigure(errors="backslashreplace")
    return cast("TextIO", Stream(stream))


def cursor_moving(stream: Any) -> TextIO:
    """Return a tolerant stream for one who writes control characters, see `Stream`."""
    return cast("TextIO", cast("Stream", tolerant(stream)).raw())


@contextmanager
def standard() -> Iterator[None]:
    """Have `sys.stdout` and `sys.stderr` raise nothing within; may be nested."""
    _fill_gaps()
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = tolerant(sys.stdout), tolerant(sys.stderr)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        sys.stdout, sys.stderr = before


def lost_output() -> str:
    """Say why some of the standard output is lost; empty if nothing is."""
    sys.stdout.flush()
    return sys.stdout.lost if isinstance(sys.stdout, Stream) else ""


def forgive() -> None:
    """Note that the user knows of the lost output."""
    if isinstance(sys.stdout, Stream):
        sys.stdout.told()


def _fill_gaps() -> None:
    """Open what is closed of the three, or the next file gets its number and what is printed."""
    for number in (0, *STANDARD):
        try:
            os.fstat(number)
        except OSError:
            with suppress(OSError):
                null = os.open(os.devnull, os.O_RDWR)
                if null != number:
                    os.dup2(null, number)
                    os.close(null)
