"""A proxy before a PostgreSQL server that loses connections on purpose, at any statement.

    with WireProxy("127.0.0.1", 5432) as proxy:
        proxy.arm("lost", match="^COMMIT")     # the server commits, and nobody is told
        run(port=proxy.port)

It knows where messages of the protocol begin, so connections must not be encrypted.
"""

import re
import socket
import struct
import threading
from contextlib import suppress
from typing import Literal, Self

from ingest.core.dataclass import dataclass

Mode = Literal["reset", "lost"]
"""What becomes of a statement. `reset`: the connection is reset, and the server never sees it.
`lost`: the server executes it, and the connection is reset instead of answering."""

_HEAD = struct.Struct("!cI")
_ENDS_COPY = b"c"
_STATEMENTS = b"QP" + _ENDS_COPY
"""A simple query, one to be prepared, and the end of the rows of a COPY."""
_ANSWERED = b"ZG"
"""The server is ready for the next statement, or for the rows of a COPY."""


@dataclass(slots=True)
class _Fault:
    mode: Mode
    match: "re.Pattern[str]"
    after: int


class WireProxy:
    """A running proxy; a context manager that stops it. Runs in threads of this process.

    `statements` are the texts that came, in order; the end of a COPY is `COPY DONE`.
    """

    def __init__(self, host: str, port: int) -> None:
        self._upstream = (host, port)
        self._server = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._fault: _Fault | None = None
        self._open: list[socket.socket] = []
        self.statements: list[str] = []
        self.strikes = 0
        self.port = int(self._server.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="wire-proxy", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()
        for each in self._open:
            _reset(each)

    def arm(self, mode: Mode, *, match: str = "", after: int = 0) -> None:
        """Let the statement that matches fail, once `after` others that match have passed."""
        with self._lock:
            self._fault = _Fault(mode, re.compile(match), after)

    def calm(self) -> None:
        """Let nothing fail any more."""
        with self._lock:
            self._fault = None

    def _strike(self, statement: str) -> Mode | None:
        with self._lock:
            self.statements.append(statement)
            fault = self._fault
            if fault is None or not fault.match.search(statement):
                return None
            if fault.after > 0:
                fault.after -= 1
                return None
            self._fault = None
            self.strikes += 1
            return fault.mode

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                server = socket.create_connection(self._upstream)
                self._open += [client, server]
                connection = _Connection(client, server, self)
                for pump in (connection.forward, connection.back):
                    threading.Thread(target=pump, daemon=True).start()


class _Connection:
    """One connection: two pumps, of which the second one throws away what is lost."""

    def __init__(self, client: socket.socket, server: socket.socket, proxy: WireProxy) -> None:
        self._client = client
        self._server = server
        self._proxy = proxy
        self._losing = threading.Event()

    def forward(self) -> None:
        """Pass on what the client says."""
        with suppress(OSError, EOFError):
            size = _exactly(self._client, 4)
            self._server.sendall(size + _exactly(self._client, struct.unpack("!I", size)[0] - 4))
            while True:
                kind, message = _message(self._client)
                mode = self._proxy._strike(_text(kind, message)) if kind in _STATEMENTS else None  # noqa: SLF001
                if mode == "reset":
                    break
                if mode == "lost":
                    self._losing.set()
                self._server.sendall(message)
        if not self._losing.is_set():
            self._end()

    def back(self) -> None:
        """Pass on what the server answers."""
        with suppress(OSError, EOFError):
            while True:
                kind, message = _message(self._server)
                if not self._losing.is_set():
                    self._client.sendall(message)
                elif kind in _ANSWERED:
                    break
        self._end()

    def _end(self) -> None:
        _reset(self._client)
        _reset(self._server)


def _message(side: socket.socket) -> tuple[bytes, bytes]:
    head = _exactly(side, _HEAD.size)
    kind, size = _HEAD.unpack(head)
    return kind, head + _exactly(side, size - 4)


def _exactly(side: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = side.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return bytes(data)


def _text(kind: bytes, message: bytes) -> str:
    """Return the statement of a message; of one to be prepared, what follows its name."""
    if kind == _ENDS_COPY:
        return "COPY DONE"
    parts = message[_HEAD.size :].split(b"\0")
    return parts[0 if kind == b"Q" else 1].decode(errors="replace")


def _reset(side: socket.socket) -> None:
    """Close a connection so that the other side is told that it was reset."""
    with suppress(OSError):
        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with suppress(OSError):
        side.shutdown(socket.SHUT_RDWR)  # wakes the other pump, which still reads
    with suppress(OSError):
        side.close()
