"""Publishing what is committed, effect by effect, from wherever an earlier attempt was cut off."""

from ingest.core.errors import FatalError
from ingest.driver.publishing.effect import Effect
from ingest.driver.publishing.order import effects_of, own_effects
from ingest.driver.publishing.outside import GROUP
from ingest.driver.recorded import Run
from ingest.records.events import EffectPublished, Warned
from ingest.records.history import History
from ingest.records.intents import Intent, Intents
from ingest.storage.objects import Store
from ingest.storage.store import state_option


def publish(run: Run, store: Store, *, outside: bool = True) -> None:
    """Carry out what the commit record says, in its order.

    Without `outside`, effects of other packages are left out: for a run that one of them keeps from
    being done.

    Raises:
        FatalError: the package that one of them comes from is not installed any more.
    """
    assert run.history.publish is not None, "commit comes first"
    committed = run.history.publish.effects
    own = {effect.name: effect for effect in own_effects(run.job, store)}
    others = [name for name in committed if name not in own]
    if others and outside:
        own |= {effect.name: effect for effect in effects_of(run.job, store)}
    for name in committed:
        if effect := own.get(name):
            _publish(effect, run, store)
        elif name not in run.history.published:
            _leave_out(name, run, store, outside=outside)


def _publish(effect: Effect, run: Run, store: Store) -> None:
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


def _leave_out(name: str, run: Run, store: Store, *, outside: bool) -> None:
    if outside:
        here = state_option(store.uri(), run.job.state_connection_name)
        raise FatalError(
            f'effect "{name}": run {run.run_id} is committed with it, but no installed package has '
            f"it ({GROUP}). Install the package again. To finish the run without it: "
            f"ingest resume {run.run_id}{here} execution.extensions=false"
        )
    message = f'effect "{name}" was not published, because execution.extensions is false'
    if message not in run.history.warnings:
        run.ledger.append(Warned(message=message))


def prepared(store: Store, run_id: str, history: History, effect: str) -> Intent:
    """Return the lines that an effect had prepared when the run was committed.

    Raises:
        FatalError: the lines that it names are damaged.
    """
    assert history.publish is not None, "commit comes first"
    return Intents(store, run_id).read(history.publish.effects[effect])
