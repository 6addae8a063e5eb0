"""How many workers each run has on a cluster that several runs share. No Ray in here."""

from collections.abc import Mapping

from ingest.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Claim:
    """What a run would use of a cluster now, and its weight against other runs."""

    weight: float
    wanted: int


def shares(claims: Mapping[str, Claim], cpus: int) -> dict[str, int]:
    """Divide CPUs among runs by their weights; what one does not want goes to the others.

    All runs that are given the same claims come to the same result. A run has at least one, so that
    there may be more in all than there are CPUs: such a worker waits for the next one free.
    """
    given = dict.fromkeys(sorted(claims), 0)
    for _ in range(cpus):
        hungry = [name for name in given if given[name] < claims[name].wanted]
        if not hungry:
            break
        given[min(hungry, key=lambda name: (given[name] + 1) / claims[name].weight)] += 1
    return {name: max(1, number) for name, number in given.items()}


@dataclass(slots=True)
class Demand:
    """How many workers are of use to a run, as it goes along.

    `pieces` are the partitions that are left, None if it is not known how many; `seconds` is what
    one takes, estimated until some are completed. No more than `limit` workers are ever of use.
    """

    limit: int | None = None
    pieces: int | None = None
    seconds: float = 0.0
    out: int = 0
    _completed: int = 0
    _worked_s: float = 0.0

    def completed(self, seconds: float) -> None:
        """Take note of a partition that was completed, and how long it took."""
        self._completed += 1
        self._worked_s += seconds
        if self.pieces is not None:
            self.pieces = max(0, self.pieces - 1)

    @property
    def each_s(self) -> float | None:
        """How long a partition has taken on average; None before any is completed."""
        return self._worked_s / self._completed if self._completed else None

    @property
    def usable(self) -> int | None:
        """How many workers could be busy; None if nothing says how many partitions there are."""
        if self.pieces is None:
            return self.limit
        left = max(self.pieces, self.out)
        return left if self.limit is None else min(left, self.limit)

    def worth(self, least_s: float, slowest_s: float = 0.0) -> int:
        """How many workers would have something to do for `least_s` seconds each.

        `slowest_s` is for how long the slowest of those that are being processed has been.
        """
        seconds = self.seconds if self.each_s is None else self.each_s
        usable = self.usable or 0
        left = max(self.pieces or 0, self.out)
        busy = -(-left * max(seconds, slowest_s) // least_s)
        return min(usable, max(1, int(busy))) if left else 0
