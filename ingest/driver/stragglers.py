"""Which partitions the end of a run waits for, so that they are worth working a second time."""

from collections import Counter
from collections.abc import Iterator

from ingest.driver.backlog import Backlog
from ingest.execution import Speculation
from ingest.records.totals import Totals
from ingest.workers.base import Workers


def stragglers(
    backlog: Backlog, workers: Workers, totals: Totals, rule: Speculation
) -> Iterator[int]:
    """Yield those that have taken much longer than settled ones of their size, the slowest first.

    What counts is how long they have been worked, not how long they have been out. None are found
    while there is other work to do, nor before anything is settled. A partition that has failed
    before, is searched, or is worked twice already, is left alone.
    """
    if not backlog.empty or not totals.partitions:
        return
    spent = sum(totals.seconds.values())
    mean_s = spent / totals.partitions
    per_byte = spent / max(1, totals.bytes_read)
    copies = Counter(key[1] for key in backlog.out)
    worked = {key: workers.worked_s(key) for key in backlog.out}
    for key, assignment in sorted(backlog.out.items(), key=lambda item: -worked[item[0]]):
        usual_s = max(mean_s, per_byte * assignment.partition.bytes)
        late = worked[key] > max(rule.min_s, rule.factor * usual_s)
        alone = copies[key[1]] == 1 and key[1] not in backlog.failures
        if late and alone and not assignment.search:
            yield key[1]
