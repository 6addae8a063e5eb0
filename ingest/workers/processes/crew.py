"""The workers of a pool of processes: who is given what, and what comes back."""

from collections import deque
from collections.abc import Sequence

from ingest.core.counts import counted
from ingest.core.outcome import Outcome
from ingest.core.partition import Assignment
from ingest.work.endings import Ending
from ingest.workers.base import Answer, Lost
from ingest.workers.pool import Pool, next_pack
from ingest.workers.processes.forks import Forkserver
from ingest.workers.processes.member import Key, Late, Member
from ingest.workers.processes.roster import Roster
from ingest.workers.processes.worker import Halt, Orders

CHECK_S = 0.1  # how often overdue workers are looked for
IDLE_S = 2.0  # what waits behind a slow one for longer is given to a worker that is idle


class Crew:
    """Worker processes with one pack each, at most as many as the pool has workers.

    All is done by the one thread that is in `run`; `put`, `stop`, `kill`, `idle`, `worked_s` and
    `stalled` may be called from any other. Each assignment that was put is answered once, unless
    `stop` or `kill` comes first. So many as are hired `ahead` are there before there is work, and
    read meanwhile what their steps need; the others once there is work for them.

    Small files are put together by workers that have worked no partition: those that have keep the
    memory that they took for it, and are replaced.
    """

    def __init__(
        self, pool: Pool, orders: Orders, server: Forkserver, answer: Answer, ahead: int = 0
    ) -> None:
        self._pool = pool
        self._ahead = ahead
        self._answer = answer
        self._roster = Roster(server, orders, self._hear, self._bury)
        self._waiting: deque[Assignment] = deque()
        self._alone: set[int] = set()
        self._given_back: set[Key] = set()
        self._stopped = False
        self._over = False

    def put(self, assignments: Sequence[Assignment]) -> None:
        """Hand out work, in order; a second try of what is out has a pack of its own."""
        self._roster.call(lambda: self._put(assignments))

    def stop(self) -> None:
        """Let nothing more begin, and end when what is being worked is done."""
        self._roster.call(self._stop)

    def kill(self) -> None:
        """End now, and by force what is being worked."""
        self._roster.call(self._kill)

    @property
    def idle(self) -> int:
        """How many have nothing to do, or could be there at once."""
        if self._waiting:
            return 0
        return self._pool.workers - sum(not member.is_free for member in self._members)

    def worked_s(self, key: Key) -> float:
        """Return for how long a try has been worked; 0 if nobody has begun it."""
        for member in self._members:
            if (pack := tuple(member.pack)) and pack[0].key == key:
                return member.seconds
        return 0.0

    def stalled(self) -> str:
        """Say that there is work and nobody who has started to work; empty otherwise."""
        members = self._members
        if any(member.pid and member.pack for member in members):
            return ""
        if not self._waiting and not any(member.pack for member in members):
            return ""
        asked = self._pool.workers
        processes = counted(asked, "worker process", "worker processes")
        return f"asked for {processes}, {sum(member.pid > 0 for member in members)} have started"

    def run(self) -> None:
        """Work until `stop` has taken effect, or `kill`; no process is left then.

        Raises:
            FatalError: workers cannot be started.
        """
        try:
            for _ in range(self._ahead):
                self._roster.hire()
            while not self._over:
                self._roster.wait(CHECK_S if self._members else None)
                self._kill_late()
                self._give_back()
        finally:
            self._roster.close()

    @property
    def _members(self) -> tuple[Member, ...]:
        return tuple(self._roster.members.values())

    def _put(self, assignments: Sequence[Assignment]) -> None:
        out = {each.partition.index for member in self._members for each in member.pack}
        out.update(each.partition.index for each in self._waiting)
        self._alone.update(out.intersection(each.partition.index for each in assignments))
        if not self._stopped:
            self._waiting.extend(assignments)
            self._occupy()

    def _stop(self) -> None:
        self._stopped = True
        self._waiting.clear()
        for member in self._members:
            if member.pack:
                member.halt()
        self._occupy()

    def _kill(self) -> None:
        self._over = True

    def _occupy(self) -> None:
        """Give out what waits, as long as there is somebody for it; end if there is no more."""
        while self._waiting:
            works = self._waiting[0].small is None
            if not works:
                self._replace()
            member = next((each for each in self._members if each.is_free), None)
            if member is None and len(self._members) == self._pool.workers:
                return
            most = -(-len(self._waiting) // self._pool.workers)
            member = member or self._roster.hire(prepares=works)
            member.begin(next_pack(self._waiting, most, self._alone))
        if self._stopped and not any(member.pack for member in self._members):
            self._over = True

    def _replace(self) -> None:
        """Let those go that are free and have worked a partition; others follow them."""
        for member in self._members:
            if member.used and member.is_free:
                member.leaving = True
                self._roster.kill(member)

    def _hear(self, member: Member, message: object) -> None:
        if isinstance(message, Outcome):
            member.finish()
            if message.key in self._given_back:
                self._given_back.discard(message.key)
            else:
                self._answer(message)
        elif isinstance(message, Halt):
            self._given_back.difference_update(each.key for each in member.pack)
            member.pack.clear()
            member.halting = False
        self._occupy()

    def _bury(self, member: Member, how: Ending | None) -> None:
        """Answer for what a worker had when it died; the first of it is what it was working.

        Of one that had not started, others work it. Without an `Ending`, it was killed for what it
        had no part in.
        """
        pack = [each for each in member.pack if each.key not in self._given_back]
        self._given_back.difference_update(each.key for each in member.pack)
        if not member.pid and not self._stopped:
            self._waiting.extendleft(reversed(pack))
            pack = []
        for assignment in pack:
            lost = member.lost(assignment.key, how)
            if lost.culprit:
                self._alone.add(assignment.partition.index)
            self._answer(lost)
        self._occupy()

    def _kill_late(self) -> None:
        if (limit_s := self._pool.partition_timeout_s) is None:
            return
        for member in self._members:
            # what is searched keeps to deadlines of its own
            first = member.pack[0] if member.pack and member.late is None else None
            if first and not first.search and member.seconds > limit_s:
                member.late = Late(first.key, limit_s)
                self._roster.kill(member)

    def _give_back(self) -> None:
        """Answer for what waits behind a slow one while other workers have nothing to do."""
        for member in self._members:
            if len(member.pack) > 1 and member.seconds > IDLE_S and self.idle:
                behind = list(member.pack)[1:]
                if not member.halting:
                    member.halt()
                    self._given_back.update(each.key for each in behind)
                    for each in behind:
                        self._answer(
                            Lost(each.key, "it waited behind a slow partition", culprit=False)
                        )
