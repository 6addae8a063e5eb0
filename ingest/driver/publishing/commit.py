"""The commit: what every effect is going to do is written down, then one record makes it so."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ingest.core.outcome import Staged
from ingest.core.types import Schema
from ingest.driver.parts import parts
from ingest.driver.publishing.effect import Completed, Effect
from ingest.driver.recorded import Run
from ingest.records.events import Combined, Committed
from ingest.records.history import History
from ingest.records.intents import Intents
from ingest.records.ledger import Ledger
from ingest.sinks.base import Claim
from ingest.storage.objects import Store


def commit(run: Run, store: Store, schema: Schema, effects: Sequence[Effect]) -> None:
    """Write the commit record: from here on the run can only be finished.

    Any later attempt does what it says, whatever it finds by then. `schema` is that of the main
    output; `effects` are what the run makes visible, none if nothing was new. Memory: about a bit
    for each partition.
    """
    ledger, history = run.ledger, run.history
    ledger.flush()
    completed = Completed(
        run_id=run.run_id,
        attempt=ledger.attempt,
        job=run.job,
        schema=schema,
        totals=history.totals,
        staged=lambda output: _staged(ledger, history, output),
    )
    intents = Intents(store, run.run_id)
    with _claimed(effects, Claim(run.run_id, run.job.name, store.uri()), history):
        written = {
            effect.name: intents.write(f"{ledger.attempt}-{effect.name}", effect.prepare(completed))
            for effect in effects
        }
        ledger.append(Committed(effects=written))
        ledger.flush()
    assert history.publish is not None, "the history listens to the ledger"


@contextmanager
def _claimed(effects: Sequence[Effect], claim: Claim, history: History) -> Iterator[None]:
    """Claim what is to be published; release it again unless the run is committed."""
    try:
        for effect in effects:
            effect.claim(claim)
        yield
    except BaseException:
        if history.publish is None:
            for effect in effects:
                effect.release(claim.run_id)
        raise


def _staged(ledger: Ledger, history: History, output: str) -> Iterator[tuple[int, Staged]]:
    """Yield what is to be published: what partitions have staged, then what was combined of it."""
    yield from ((part.partition, part.staged) for part in parts(ledger, history, output))
    for event in ledger.reader.events() if history.combined.number else ():
        if isinstance(event, Combined) and event.output == output:
            yield event.index, event.staged
