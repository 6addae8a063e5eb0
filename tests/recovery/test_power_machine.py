"""Any sequence of runs, crashes and power cuts: what readers see is what the model says."""

import random
import tempfile
from pathlib import Path

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ingest.storage.objects import LocalStore
from ingest.testing.faults import Crash, CrashingStore
from tests.examples import FACTOR
from tests.injectors.disk import FileFaults, crash
from tests.injectors.power import PowerCut
from tests.recovery.jobs import work
from tests.recovery.power import SINKS, Disk

ROWS = st.lists(
    st.tuples(st.integers(0, 99), st.sampled_from(["a", "b", "c", ""]), st.integers(0, 9)),
    min_size=1,
    max_size=6,
)
CUT = st.sampled_from([None, "all is lost"]) | st.integers(0, 1000)
"""No power cut, only a kill; all is lost that was not synced; or some, by a seed."""


class Runs(RuleBasedStateMachine):
    """One output, three jobs that publish to it in their ways, and a disk that forgets.

    `seen` is the output as a multiset. `going` is what it becomes once the unfinished run ends.
    """

    @initialize()
    def begin(self):
        self.place = tempfile.TemporaryDirectory(
            dir="/dev/shm" if Path("/dev/shm").is_dir() else None
        )
        self.disk = Disk(Path(self.place.name))
        self.power = PowerCut(self.disk.root)
        self.power.__enter__()
        self.seen = []
        self.ended = {}
        self.unfinished = None

    def teardown(self):
        if hasattr(self, "place"):
            self.power.__exit__()
            self.place.cleanup()

    @rule(how=st.sampled_from(sorted(SINKS)), rows=ROWS)
    def run(self, how, rows):
        """Work a job to its end; if one is unfinished, that comes first."""
        self.finish()
        self._give(how, rows)
        self._work(how)

    @rule(
        how=st.sampled_from(sorted(SINKS)),
        rows=ROWS,
        at=st.integers(1, 200),
        by=st.sampled_from(["operation", "before", "after"]),
        cut=CUT,
    )
    def crash(self, how, rows, at, by, cut):
        """Die at some file operation, or at some write to the state, and perhaps with the power."""
        if self.unfinished is None:
            self._give(how, rows)
        else:
            how, _ = self.unfinished
        store = LocalStore(self.disk.root / "state")
        try:
            if by == "operation":
                with FileFaults(self.disk.root, at, crash):
                    work(self._job(how), store)
            else:
                work(self._job(how), CrashingStore(store, 1 + at % 20, by))
        except Crash:
            self._cut(cut)
            self._see_what_is_left(how)
        else:
            self._done(how)

    @rule(cut=CUT)
    def power_cut(self, cut):
        """Between runs, a power cut takes nothing away."""
        self._cut(cut)

    def finish(self):
        """End the unfinished run."""
        if self.unfinished is not None:
            self._work(self.unfinished[0])

    @invariant()
    def all_of_a_run_or_nothing(self):
        if not hasattr(self, "disk"):
            return
        allowed = [self.seen] + ([self.going] if self.unfinished else [])
        assert self.disk.listed() in allowed
        for name, run_id in self.ended.items():
            assert self.disk.last_run(name)[0] >= run_id
            if self.unfinished is None or self.unfinished[0] != name:
                assert self.disk.last_run(name) == (run_id, "done")

    def _job(self, how):
        return self.disk.job(how, name=how, partition_bytes=20)

    def _give(self, how, rows):
        self.disk.feed(rows)
        self.going = after(how, self.seen, rows)

    def _work(self, how):
        before, phase = self.disk.last_run(how)
        receipt = work(self._job(how))
        if phase in {"planned", "committed"}:
            assert receipt["run_id"] == before, "what was begun is gone on with"
        self._done(how)

    def _done(self, how):
        self.seen, self.unfinished = self.going, None
        self.ended[how] = self.disk.last_run(how)[0]
        assert self.disk.rows() == self.seen
        assert self.disk.debris() == []

    def _cut(self, cut):
        if cut is not None:
            self.power.cut(None if isinstance(cut, str) else random.Random(cut))

    def _see_what_is_left(self, how):
        run_id, phase = self.disk.last_run(how)
        if phase == "done" and run_id != self.ended.get(how):
            self._done(how)
        else:
            self.unfinished = (how, run_id)


def after(how, seen, rows):
    """Say, without ingest, what a run makes of the output."""
    new = [(id_, name) for id_, name, n in rows if n < 6 and name]
    touched = {name for _, name in new}
    if how == "overwrite":
        seen = []
    elif how == "overwrite_partitions":
        seen = [row for row in seen if row[1] not in touched]
    return sorted(seen + new)


TestRuns = Runs.TestCase
TestRuns.settings = settings(
    max_examples=6 * FACTOR, stateful_step_count=8, deadline=None, phases=[Phase.generate]
)
