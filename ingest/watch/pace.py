"""How fast rows go through each step, and how many had been read by when."""

from dataclasses import field

from ingest.core.dataclass import dataclass
from ingest.records.events import AttemptBegan, Event, Settled
from ingest.records.history import History

WINDOW_S = 10.0
SAMPLE_S = 0.5
SAMPLES = int(WINDOW_S / SAMPLE_S)
POINTS = 120


@dataclass(slots=True)
class Pace:
    """Rows by step at some moments of the last seconds, and all rows over the whole run.

    Moments are those of events, in seconds: the clock of the machine that shows them may differ.
    Memory: `SAMPLES` samples of all steps, and `POINTS` pairs of numbers.
    """

    samples: list[tuple[float, dict[str, int]]] = field(default_factory=list)
    curve: list[tuple[float, int]] = field(default_factory=list)
    """Seconds of work and how many rows had been read by then."""
    last: float = 0.0
    _elapsed: float = 0.0
    _step_s: float = 0.0

    def see(self, event: Event, history: History) -> None:
        """Take one event into account, after the history has."""
        moment = event.moment or self.last
        if isinstance(event, AttemptBegan):  # the time between attempts is no time of work
            self.samples.clear()
            self.last = moment
        self._elapsed += max(0.0, moment - self.last)
        self.last = max(self.last, moment)
        if isinstance(event, AttemptBegan | Settled):
            self._sample(moment, history)

    def _sample(self, moment: float, history: History) -> None:
        if self.samples and moment - self.samples[-1][0] < SAMPLE_S:
            return
        rows = {book.step: book.rows for book in history.totals.books.values()}
        self.samples = [*self.samples[1 - SAMPLES :], (moment, rows)]
        if not self.curve or self._elapsed - self.curve[-1][0] >= self._step_s:
            self.curve.append((self._elapsed, history.totals.records))
        if len(self.curve) > POINTS:
            self.curve = self.curve[::2]
            self._step_s = self.curve[-1][0] / (POINTS / 2)

    def rates(self, history: History, quiet_s: float) -> dict[str, float]:
        """Return rows/s into each step over the last `WINDOW_S`.

        `quiet_s` is how long ago the last event came, on the clock of the process that shows it.
        """
        now = self.last + quiet_s
        first = next((each for each in self.samples if each[0] >= now - WINDOW_S), None)
        if first is None or now <= first[0]:
            return {}
        span = max(now - first[0], SAMPLE_S)
        return {
            book.step: (book.rows - first[1].get(book.step, 0)) / span
            for book in history.totals.books.values()
        }
