"""What completed partitions have staged, as the ledger tells it."""

from collections.abc import Iterator

from ingest.records.events import Settled
from ingest.records.history import History
from ingest.records.ledger import Ledger
from ingest.sinks.base import Part


def parts(ledger: Ledger, history: History, output: str) -> Iterator[Part]:
    """Yield what was staged for an output and is not combined yet, in the order of completion.

    Of each partition, it is what its first outcome in the ledger says. Memory: a byte for each.
    """
    seen = bytearray(len(history.closed))
    for event in ledger.reader.events():
        if isinstance(event, Settled) and not seen[index := event.outcome.key[1]]:
            seen[index] = 1
            for place, staged in enumerate(event.outcome.staged):
                if staged.output == output and not history.combined.has(index, place):
                    yield Part(index, place, staged)
