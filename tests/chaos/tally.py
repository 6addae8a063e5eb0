"""The sums over many stories, and the table that tells them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.chaos.ordeal import Story


@dataclass(slots=True)
class Tally:
    """What many runs went through together. `points` counts kills by target and point."""

    runs: int = 0
    attempts: int = 0
    unfinished: int = 0
    lost: int = 0
    doubled: int = 0
    leftovers: int = 0
    wrong: int = 0
    bytes: dict[str, int] = field(default_factory=dict)
    bytes_worked: dict[str, int] = field(default_factory=dict)
    points: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    @property
    def kills(self) -> int:
        """How many kills there were."""
        return self.points.total()

    @property
    def well(self) -> bool:
        """Whether nothing at all was wrong."""
        return self.wrong == 0

    def add(self, story: Story) -> None:
        """Add one run."""
        self.runs += 1
        self.attempts += story.attempts
        self.unfinished += not story.finished
        self.lost += story.lost
        self.doubled += story.doubled
        self.leftovers += story.leftovers
        self.wrong += bool(story.problems)
        for kill in story.kills:
            self.points[story.on, kill.target, kill.point] += 1
        self.bytes[story.on] = self.bytes.get(story.on, 0) + story.bytes
        self.bytes_worked[story.on] = self.bytes_worked.get(story.on, 0) + story.bytes_worked

    def lines(self, seconds: float) -> Iterator[str]:
        """Yield the table: kills by where, target and point, then the sums."""
        last = ""
        for (on, target, point), count in sorted(self.points.items()):
            head = f"{on}: {target}"
            if head != last:
                together = sum(each for key, each in self.points.items() if key[:2] == (on, target))
                yield f"{head:<44} {together:>6}"
                last = head
            yield f"    {point:<40} {count:>6}"
        yield ""
        yield f"{'kills':<44} {self.kills:>6}"
        yield f"{'runs':<44} {self.runs:>6}"
        yield f"{'attempts':<44} {self.attempts:>6}"
        for on, worked in sorted(self.bytes_worked.items()):
            extra = 100 * (worked / self.bytes[on] - 1) if self.bytes[on] else 0.0
            yield f"{f'extra work, {on}':<44} {extra:>6.1f} %"
        yield f"{'rows lost':<44} {self.lost:>6}"
        yield f"{'rows doubled':<44} {self.doubled:>6}"
        yield f"{'leftovers':<44} {self.leftovers:>6}"
        yield f"{'runs that did not finish':<44} {self.unfinished:>6}"
        yield f"{'runs with anything wrong':<44} {self.wrong:>6}"
        yield f"{'seconds':<44} {seconds:>6.0f}"
