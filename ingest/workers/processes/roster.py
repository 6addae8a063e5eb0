"""The processes of a crew: hired, listened to, and buried when they have died. One thread's own."""

import os
import queue
import selectors
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ingest.core.errors import FatalError
from ingest.work.endings import Ending, ending
from ingest.work.machine import oom_kills
from ingest.workers.processes.forks import Forkserver
from ingest.workers.processes.member import Member
from ingest.workers.processes.worker import Ends, Orders, Ready

FLUSH_S = 0.001  # what did not fit into a channel is tried again after that
STARTS = 3  # how often they may die while they start, one after the other

Hear = Callable[[Member, Any], None]
Bury = Callable[[Member, Ending | None], None]


class Roster:
    """Worker processes, all told to do the same.

    `hear` is called with each message of a worker that was started, `bury` with each that has died,
    after its last message; without an ending, if that was the fault of the fork server. All of it
    happens in `wait`, in the thread that calls it; `call` is for the others.
    """

    def __init__(self, server: Forkserver, orders: Orders, hear: Hear, bury: Bury) -> None:
        self.members: dict[int, Member] = {}
        self._server = server
        self._orders = orders
        self._hear, self._bury = hear, bury
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._woken, self._wake = socket.socketpair()
        self._wake.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._woken, selectors.EVENT_READ, self._take_calls)
        self._selector.register(self._server, selectors.EVENT_READ, self._count)
        self._failed_starts = self._fallen = 0
        self._oom_kills = oom_kills()

    def call(self, what: Callable[[], None]) -> None:
        """Have the thread that waits do something; from any thread."""
        self._calls.put(what)
        with suppress(OSError):  # it is awake, or has ended
            self._wake.send(b"!")

    def wait(self, timeout_s: float | None) -> None:
        """Wait until there is something to hear, bury or do, and do it.

        Raises:
            FatalError: workers, or the process that they are forked from, die while they start.
        """
        full = [each.channel for each in self.members.values() if each.channel.full]
        for channel in full:
            channel.flush()
        known = self._selector.get_map()
        for key, _ in self._selector.select(FLUSH_S if full else timeout_s):
            # who was buried just now is not listened to, nor who has his descriptor since
            if (now := known.get(key.fd)) and now.data is key.data:
                key.data()

    def hire(self, *, prepares: bool = True) -> Member:
        """Start a worker; it can be given a pack at once.

        If it `prepares`, it reads first what the steps need of a partition.
        """
        number, channel, stderr = self._server.fork()
        member = Member(number, channel, stderr)
        self.members[member.number] = member
        self._selector.register(channel, selectors.EVENT_READ, lambda: self._listen(member))
        self._selector.register(stderr, selectors.EVENT_READ, lambda: self._overhear(member))
        channel.send(replace(self._orders, prepares=prepares))
        return member

    def kill(self, member: Member) -> None:
        """End a worker by force; it is buried soon."""
        self._server.kill(member.number)

    def close(self) -> None:
        """End all by force; returns when they are gone."""
        self._server.close()
        for member in tuple(self.members.values()):
            self._dismiss(member)
        self._selector.close()
        self._woken.close()
        self._wake.close()

    def _take_calls(self) -> None:
        self._woken.recv(4096)
        with suppress(queue.Empty):
            while True:
                self._calls.get_nowait()()

    def _listen(self, member: Member) -> None:
        for message in member.channel.receive():
            if isinstance(message, Ready):
                member.start(message.pid)
                self._failed_starts = 0
            elif isinstance(message, Ends):
                member.ends = message
            else:
                self._fallen = 0
                self._hear(member, message)
        if member.channel.ended:
            self._forget(member.channel)

    def _overhear(self, member: Member) -> None:
        if not member.hear():
            self._forget(member.stderr)

    def _count(self) -> None:
        """Bury the dead."""
        try:
            dead = self._server.died()
        except ConnectionError as error:
            self._start_anew(str(error))
            return
        for number, status in dead:
            member = self.members[number]
            self._listen(member)
            self._overhear(member)
            self._dismiss(member)
            kills, before = oom_kills(), self._oom_kills
            self._oom_kills = kills
            how = ending(status, member.words, oom_killed=kills > before)
            if not member.pid:
                self._failed_starts += 1
                self._check(self._failed_starts, how.reason, member.words)
            self._bury(member, how)

    def _start_anew(self, words: str) -> None:
        """Start another fork server; the kernel has ended all workers with the one before."""
        self._forget(self._server)
        self._server.close()
        self._fallen += 1
        self._check(self._fallen, "the process that they are forked from has died", words)
        self._server = Forkserver()
        self._selector.register(self._server, selectors.EVENT_READ, self._count)
        for member in tuple(self.members.values()):
            self._listen(member)
            self._dismiss(member)
            self._bury(member, None)

    def _check(self, times: int, why: str, words: str) -> None:
        if times >= STARTS:
            said = f": {words.rpartition(chr(10))[2]}" if words else ""
            raise FatalError(
                f"workers: {times} processes in a row died during startup: {why}{said}. Fix "
                "that, then run the same command again to resume; or process everything in one "
                "process with cluster=inline"
            )

    def _dismiss(self, member: Member) -> None:
        del self.members[member.number]
        self._forget(member.channel)
        self._forget(member.stderr)
        member.channel.close()
        os.close(member.stderr)

    def _forget(self, source: Any) -> None:
        with suppress(KeyError, ValueError):  # it was forgotten, or is closed
            self._selector.unregister(source)
