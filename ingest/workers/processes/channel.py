"""Messages between a driver and a worker process of this machine: pickled values over a socket."""

import pickle
import select
import socket
import struct
from typing import Any, Self

HEAD = struct.Struct("!Q")
CHUNK = 1 << 20


class Channel:
    """One end of a two-way pipe; what goes in at one end comes out at the other, in order.

    The driver's end never waits: a worker that is stopped, or dies in the middle of a message, must
    not hold the driver up. It reads what is there, and writes what fits; the rest goes with the
    next `flush`. A worker's end waits.
    """

    def __init__(self, end: socket.socket, *, waits: bool) -> None:
        self._end = end
        self._end.setblocking(waits)
        self._unread = bytearray()
        self._unsent = bytearray()
        self.ended = False

    @classmethod
    def pair(cls) -> tuple[Self, socket.socket]:
        """Return the driver's end, and the one that a worker is to make a channel of."""
        ours, theirs = socket.socketpair()
        return cls(ours, waits=False), theirs

    def fileno(self) -> int:
        """Return the descriptor, for selectors."""
        return self._end.fileno()

    @property
    def full(self) -> bool:
        """Whether something waits to be sent."""
        return bool(self._unsent)

    def send(self, value: object) -> None:
        """Send a value; what is sent to a worker that has died is lost."""
        data = pickle.dumps(value, protocol=5)
        self._unsent += HEAD.pack(len(data))
        self._unsent += data
        self.flush()

    def flush(self) -> None:
        """Send as much as fits of what waits."""
        try:
            while self._unsent:
                sent = self._end.send(self._unsent[:CHUNK])
                del self._unsent[:sent]
        except BlockingIOError:
            return
        except OSError:
            self._unsent.clear()  # who would read it is dead

    def receive(self) -> list[Any]:
        """Return the messages that are there; sets `ended` if there will be no more.

        A worker's end waits for the first one.
        """
        messages: list[Any] = []
        while not self.ended and not (messages and self._end.getblocking()):
            try:
                data = self._end.recv(CHUNK)
            except BlockingIOError:
                break
            except OSError:
                data = b""
            self.ended = not data
            self._unread += data
            messages += self._whole()
        return messages

    def has_news(self) -> bool:
        """Whether there is something to receive, or the other end is closed."""
        poll = select.poll()  # `select` knows only the first 1,024 descriptors
        poll.register(self._end, select.POLLIN)
        return bool(poll.poll(0))

    def close(self) -> None:
        """Close this end."""
        self._end.close()

    def _whole(self) -> list[Any]:
        """Take the messages out of what was read that have come whole."""
        messages = []
        while len(self._unread) >= HEAD.size:
            (size,) = HEAD.unpack_from(self._unread)
            if len(self._unread) < HEAD.size + size:
                break
            data = bytes(memoryview(self._unread)[HEAD.size : HEAD.size + size])
            del self._unread[: HEAD.size + size]
            messages.append(pickle.loads(data))  # noqa: S301 - from our own process
        return messages
