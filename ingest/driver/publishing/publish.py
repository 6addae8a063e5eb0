"""Publishing what is committed, effect by effect, from wherever an earlier attempt was cut off."""

from ingest.driver.publishing.order import effects_of
from ingest.driver.recorded import Run
from ingest.records.events import EffectPublished
from ingest.records.history import History
from ingest.records.intents import Intent, Intents
from ingest.storage.objects import Store


def publish(run: Run, store: Store) -> None:
    """Carry out what the commit record says."""
    for effect in effects_of(run.job):
        if effect.name not in run.history.published:
            published = effect.publish(prepared(store, run.run_id, run.history, effect.name))
            run.ledger.append(
                EffectPublished(
                    effect=effect.name,
                    uri=effect.uri,
                    rows=published.rows,
                    inserted=published.inserted,
                    updated=published.updated,
                    ignored=published.ignored,
                    facts=dict(published.facts),
                )
            )
            run.ledger.flush()
        effect.release(run.run_id)  # also if an earlier attempt died before it did


def prepared(store: Store, run_id: str, history: History, effect: str) -> Intent:
    """Return the lines that an effect had prepared when the run was committed.

    Raises:
        FatalError: the lines that it names are damaged.
    """
    assert history.publish is not None, "commit comes first"
    return Intents(store, run_id).read(history.publish.effects[effect])
