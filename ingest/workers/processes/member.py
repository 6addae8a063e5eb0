"""A worker process as its driver sees it: what it works, since when, and what it has said."""

import os
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import field
from typing import NamedTuple

from ingest.core.dataclass import dataclass
from ingest.core.partition import Assignment
from ingest.work.endings import Ending
from ingest.workers.base import Lost
from ingest.workers.processes.channel import Channel
from ingest.workers.processes.worker import Ends, Halt

WORDS_BYTES = 8192

Key = tuple[int, int, int]


class Late(NamedTuple):
    """A try that took longer than it may, in seconds."""

    key: Key
    limit_s: float


@dataclass(slots=True, eq=False)
class Member:
    """One worker process. `pid` is 0 until it has started.

    Of its pack, the first is being worked, since `since`; what has come back is taken out. One that
    is `used` has worked a partition, one that is `leaving` is killed without having done anything.
    `late` is the try that it is killed for, `ends` why it ends itself, `said` the end of what it
    has written to its stdout and stderr, which is the pipe `stderr`.
    """

    number: int
    channel: Channel
    stderr: int
    pid: int = 0
    pack: deque[Assignment] = field(default_factory=deque)
    since: float = field(default_factory=time.monotonic)
    halting: bool = False
    used: bool = False
    leaving: bool = False
    late: Late | None = None
    ends: Ends | None = None
    said: bytes = b""

    @property
    def is_free(self) -> bool:
        """Whether it can be given a pack."""
        return not (self.pack or self.halting or self.leaving) and self.late is None

    @property
    def seconds(self) -> float:
        """For how long it has been at the first of its pack."""
        return time.monotonic() - self.since if self.pid else 0.0

    def lost(self, key: Key, how: Ending | None) -> Lost:
        """Say what has become of one of its pack when it died.

        The first is to blame, unless the worker was killed for the one before it. Without an
        `Ending` none is: the process that it was forked from has died.
        """
        late = self.late
        first = bool(self.pid and self.pack) and self.pack[0].key == key
        if how is None or not first or (late and late.key != key):
            return Lost(key, "its worker died before the partition was started", culprit=False)
        cause, reason = how.cause, how.reason
        if late:
            cause, reason = "timeout", f"took longer than {late.limit_s:g} s"
        elif self.ends:
            cause, reason = self.ends.cause, self.ends.reason
        return Lost(key, reason, True, cause, self.seconds, self.words)

    def start(self, pid: int) -> None:
        """Note that it has started."""
        self.pid = pid
        self.since = time.monotonic()

    def finish(self) -> None:
        """Note that the first of its pack has come back."""
        self.pack.popleft()
        self.since = time.monotonic()

    def begin(self, pack: Sequence[Assignment]) -> None:
        """Give it a pack."""
        self.pack.extend(pack)
        self.used |= any(each.small is None for each in pack)
        self.since = time.monotonic()
        self.channel.send(pack)

    def halt(self) -> None:
        """Let it begin nothing more of its pack; it says when that is so."""
        if not self.halting:
            self.halting = True
            self.channel.send(Halt())

    def hear(self) -> bool:
        """Read what it has written; return whether more may come."""
        with suppress(BlockingIOError):
            while data := os.read(self.stderr, WORDS_BYTES):
                self.said = (self.said + data)[-WORDS_BYTES:]
            return False
        return True

    @property
    def words(self) -> str:
        """The end of what it has written."""
        return self.said.decode(errors="replace").strip()
