"""A proxy before an HTTP server that fails on purpose: throttling, resets, lost answers, silence.

It passes requests on unchanged, `Host` included, so that signatures stay valid:

    with FaultProxy("http://127.0.0.1:9000") as proxy:
        proxy.arm("lost", match="^PUT .*/ledger/")       # the next such request
        proxy.arm("slowdown", times=None, share=0.3)     # 30 % of all from now on
        run(endpoint=proxy.url)
"""

import asyncio
import contextlib
import random
import re
import socket
import ssl
import struct
import threading
from collections import Counter
from dataclasses import field
from typing import Literal, Self
from urllib.parse import urlsplit

from ingest.core.dataclass import dataclass

Mode = Literal["slowdown", "reset", "lost", "truncate", "hang", "delay"]
"""What becomes of a request.

`slowdown`: it is answered 503 and not passed on. `reset`: its connection is reset, and it is not
passed on. `lost`: the server does it, and the connection is reset instead of answering. `truncate`:
the connection is reset in the middle of the answer's body. `hang`: it is never answered. `delay`:
it is passed on after `delay_s`.
"""

_SLOW_DOWN = (
    b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>on purpose</Message></Error>"
)
_NO_BODY = frozenset({204, 304})
_TRUNCATED_BYTES = 1000


@dataclass(slots=True)
class _Fault:
    mode: Mode
    match: "re.Pattern[str]"
    times: int | None
    share: float
    delay_s: float
    retry_after_s: int | None


@dataclass(slots=True)
class _Message:
    """A request or an answer: its head as it came, without the empty line, and its body."""

    head: bytes
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def line(self) -> str:
        return self.head.partition(b"\r\n")[0].decode("latin-1")


class FaultProxy:
    """A running proxy; a context manager that stops it. Runs in a thread of this process.

    With `tls` it is spoken to by HTTPS. `requests` are the request lines that came, in order;
    `faults` counts what was done to them.
    """

    def __init__(self, upstream: str, seed: int = 0, tls: ssl.SSLContext | None = None) -> None:
        where = urlsplit(upstream)
        self._host, self._port = where.hostname or "127.0.0.1", where.port or 80
        self._tls = tls
        self._faults: list[_Fault] = []
        self._random = random.Random(seed)  # noqa: S311 - reproducible faults, no secrets
        self._loop = asyncio.new_event_loop()
        self._lock = threading.Lock()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fault-proxy", daemon=True)
        self.requests: list[str] = []
        self.faults: Counter[str] = Counter()
        self.url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        self._listening.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def arm(
        self,
        mode: Mode,
        *,
        times: int | None = 1,
        match: str = "",
        share: float = 1.0,
        delay_s: float = 1.0,
        retry_after_s: int | None = None,
    ) -> None:
        """Let the next `times` requests fail whose request line matches; all if `times` is None.

        Of the matching ones only a `share` is struck, drawn from the proxy's seed. Of several
        faults the one that was armed first and strikes is done.
        """
        fault = _Fault(mode, re.compile(match), times, share, delay_s, retry_after_s)
        with self._lock:
            self._faults.append(fault)

    def calm(self) -> None:
        """Let no more requests fail."""
        with self._lock:
            self._faults.clear()

    def _strike(self, line: str) -> _Fault | None:
        with self._lock:
            self.requests.append(line)
            for fault in self._faults:
                spent = fault.times is not None and fault.times <= 0
                if spent or not fault.match.search(line) or self._random.random() >= fault.share:
                    continue
                if fault.times is not None:
                    fault.times -= 1
                self.faults[fault.mode] += 1
                return fault
        return None

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        )
        scheme = "https" if self._tls else "http"
        self.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._listening.set()
        self._loop.run_forever()
        server.close()
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.run_until_complete(asyncio.sleep(0.01))  # connections close in the next turns
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while (request := await _read_request(reader, writer)) is not None:
                    if not await self._answer(request, writer):
                        break
        except asyncio.CancelledError:  # the proxy stops; a closing handshake would take too long
            writer.transport.abort()
        finally:
            writer.close()

    async def _answer(self, request: _Message, writer: asyncio.StreamWriter) -> bool:
        """Answer a request, in its fault's way if one strikes; say whether to read the next."""
        fault = self._strike(request.line)
        mode = fault.mode if fault else None
        if mode == "hang":
            await asyncio.Event().wait()
        if fault and mode == "delay":
            await asyncio.sleep(fault.delay_s)
        if fault and mode == "slowdown":
            writer.write(_slow_down(fault, request))
            await writer.drain()
            return True
        if mode == "reset":
            _reset(writer)
            return False
        answer = await self._pass_on(request)
        if mode == "lost":
            _reset(writer)
            return False
        if mode == "truncate":
            part = answer.body[: min(_TRUNCATED_BYTES, len(answer.body) // 2)]
            writer.write(answer.head + b"\r\n\r\n" + part)
            await writer.drain()
            _reset(writer)
            return False
        writer.write(answer.head + b"\r\n\r\n" + answer.body)
        await writer.drain()
        return True

    async def _pass_on(self, request: _Message) -> _Message:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(request.head + b"\r\n\r\n" + request.body)
            await writer.drain()
            while True:
                answer = await _read_message(reader)
                status = int(answer.line.split(" ")[1])
                if status >= 200:
                    break
            if not request.line.startswith("HEAD ") and status not in _NO_BODY:
                answer.body = await _read_body(reader, answer, to_end=True)
            return answer
        finally:
            writer.close()


def _slow_down(fault: _Fault, request: _Message) -> bytes:
    asked = f"Retry-After: {fault.retry_after_s}\r\n" if fault.retry_after_s is not None else ""
    head = (
        "HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\n"
        f"{asked}Content-Length: {len(_SLOW_DOWN)}\r\n\r\n"
    )
    return head.encode() + (b"" if request.line.startswith("HEAD ") else _SLOW_DOWN)


async def _read_request(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> _Message | None:
    """Return the next request of a connection whole; None if it was closed."""
    try:
        request = await _read_message(reader)
    except asyncio.IncompleteReadError:
        return None
    if request.headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await writer.drain()
        lines = request.head.split(b"\r\n")
        request.head = b"\r\n".join(x for x in lines if not x.lower().startswith(b"expect:"))
    request.body = await _read_body(reader, request, to_end=False)
    return request


async def _read_message(reader: asyncio.StreamReader) -> _Message:
    head = (await reader.readuntil(b"\r\n\r\n"))[:-4]
    pairs = (line.decode("latin-1").partition(":") for line in head.split(b"\r\n")[1:])
    return _Message(head, headers={name.strip().lower(): text.strip() for name, _, text in pairs})


async def _read_body(reader: asyncio.StreamReader, message: _Message, *, to_end: bool) -> bytes:
    """Return a body as it was sent, chunks framed; `to_end` if its length may not be told."""
    if "chunked" in message.headers.get("transfer-encoding", "").lower():
        body = b""
        while True:
            size = await reader.readuntil(b"\r\n")
            body += size + await reader.readexactly(int(size.partition(b";")[0], 16) + 2)
            if int(size.partition(b";")[0], 16) == 0:
                return body
    if "content-length" in message.headers:
        return await reader.readexactly(int(message.headers["content-length"]))
    return await reader.read() if to_end else b""


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection so that the other side is told that it was reset."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
