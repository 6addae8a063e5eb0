"""The life of a run, from its leases to its receipt."""

from collections.abc import Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from ingest.core.credentials import masked
from ingest.core.errors import FencedError, IngestError, StalePlanError
from ingest.core.proc import require_proc
from ingest.core.stop import at_once
from ingest.core.types import schema_to_json
from ingest.driver.abandoning import withdraw
from ingest.driver.audit import audit
from ingest.driver.cursors import refuse_unmarked, since
from ingest.driver.estimating import expected
from ingest.driver.fleeting import refuse_fleeting
from ingest.driver.flow import placed
from ingest.driver.holding import check, leases
from ingest.driver.noting import noted, timed
from ingest.driver.opening import open_run, record
from ingest.driver.outputs import check_places, check_published
from ingest.driver.planning import Draft, draft, refuse_state
from ingest.driver.publishing.commit import commit
from ingest.driver.publishing.order import effects_of
from ingest.driver.publishing.publish import publish
from ingest.driver.receipt import receipt
from ingest.driver.recorded import Run
from ingest.driver.request import Request
from ingest.driver.submitted import published_already, refuse_cancelled
from ingest.driver.tasks import context_of, fingerprints
from ingest.driver.working import complete, freeze_plan, reopen_plan, start
from ingest.records.cancellation import Cancellation
from ingest.records.environment import who
from ingest.records.events import AttemptBegan, RunDone, Warned
from ingest.records.holders import submission
from ingest.records.lease import Lease
from ingest.records.plans import Plan
from ingest.records.runs import Runs
from ingest.records.targets import Target
from ingest.storage.objects import Store, open_store
from ingest.watch.snapshots import Keeper
from ingest.work.ahead import StepsAhead
from ingest.workers.base import Chosen, Workers
from ingest.workers.outlook import Outlook, Spent

if TYPE_CHECKING:
    from collections.abc import Iterator


def drive(request: Request) -> dict[str, Any]:
    """Run a job, publish its output and return the receipt.

    Resumes the job's unfinished run if it has one (see `deciding`); killed anywhere, the next call
    does so.

    Raises:
        ConfigError: the request is wrong; nothing ran.
        IngestError: the run failed; it is in the ledger why, and the run can be resumed.
        Interrupted: `request.stop` was set; completed partitions are kept.
    """
    require_proc()
    if request.run_id is None:
        with placed(request.place, "source"):
            refuse_state(request.job)
    store = request.store or open_store(request.job.state, request.job.state_connection)
    refuse_fleeting(request.job, store, request.place)
    if not Runs(store).of_job(request.job.name):  # before a state is begun in a wrong place
        check_places(request.job, store, request.place)
    with (
        leases(store, request.job, request.stop, request.run_id, request.waits) as held,
        closing(request.workers),
    ):
        if request.run_id is None and (page := published_already(store, request.job.name)):
            return page
        if request.run_id is None:
            refuse_cancelled(store, request.job.name)
        run = open_run(
            request.job,
            store,
            request.clock,
            fresh=request.fresh,
            run_id=request.run_id,
            surroundings=request.surroundings,
        )
        keeper = Keeper(store, run.run_id, request.clock)
        run.watched_by([*request.listeners, keeper])
        run.ledger.kept_by(keeper.flushed)
        drafted = None if run.resumed else _draft(run, request, store)
        chosen = _chosen(run, request, drafted)
        if drafted:
            check(held)
            if not drafted.nothing_new:
                start(run, request, drafted.flow)  # they start while the run is put on record
            run.facts["arguments"] = [masked(text) for text in request.arguments]
            record(run, request.config, store)
        _begin(run, chosen, request)
        cancellation = Cancellation(store, run.run_id, run.history.attempt)
        try:
            with noted(run, store, cancellation), cancellation.heeded(request.stop):
                return _work(run, request, store, drafted, held)
        except FencedError:
            request.workers.close()  # first, so that nothing is staged any more
            with suppress(IngestError):
                withdraw(store, run.run_id, run.job)
            raise


def _draft(run: Run, request: Request, store: Store) -> Draft:
    """Check everything that can be checked before the run exists."""
    check_places(run.job, store, request.place)
    refuse_unmarked(run.job, store)
    effects_of(run.job, store)  # those of other packages can be imported
    workers = run.job.execution.planned_workers
    context = context_of(run.job, run.run_id, run.loaded_at)
    request.workers.ahead(StepsAhead(run.job.transforms, context))
    with at_once(request.stop):
        at = since(run.job, store)
        drafted = draft(run.job, context, request.place, workers, request.stop, since=at)
    check_published(run.job, request.place, schema_to_json(drafted.flow.output))
    run.facts["fingerprints"] = fingerprints(run.job, context)
    return drafted


def _chosen(run: Run, request: Request, drafted: Draft | None) -> Chosen | None:
    """Have it decided where the rest of the run is worked; nowhere, if all of it is."""
    history = run.history
    if history.phase == "committed" or (drafted and drafted.nothing_new):
        return None
    left = Outlook(
        history.bytes - history.totals.bytes_read, history.partitions - history.totals.partitions
    )
    earlier = run.facts.get("spent")  # earlier releases did not record it
    return request.workers.choose(
        expected(
            run.job, drafted.outlook if drafted else left, Spent(**earlier) if earlier else None
        )
    )


def _begin(run: Run, chosen: Chosen | None, request: Request) -> None:
    given = request.arguments if request.run_id else ()
    run.ledger.begin(
        AttemptBegan(
            run_id=run.run_id,
            job=run.job.name,
            **who(),
            submission=submission(),
            settings=tuple(masked(text) for text in given),
            resumed=run.resumed,
            phase=run.history.phase,
            settled=run.history.totals.partitions,
            partitions=run.history.partitions,
            number=run.history.attempt + 1,
            changes=tuple(run.changes),
            warnings=tuple(run.warnings),
            notes=tuple(run.notes),
            cluster=chosen.cluster if chosen else "",
            cluster_why=chosen.why if chosen else "",
        )
    )


def _work(
    run: Run, request: Request, store: Store, drafted: Draft | None, held: Sequence[Lease]
) -> dict[str, Any]:
    target = Target(store, run.job.sink.uri)
    if run.history.phase != "committed":
        target.check(run.run_id)
        if drafted:
            plan, output = freeze_plan(run, request, store, drafted), drafted.flow.output
        else:
            plan, output = reopen_plan(run, request, store)
        with timed(run, "work", request.clock):
            complete(plan, run, request, store)
        if changed := run.changed_steps:
            raise StalePlanError(f"{changed} during the run. Run the job again: it starts over")
        nothing_new = plan.facts.nothing_new
        if not nothing_new:
            audit(run.history, run.job.contract)
        for remark in run.job.sink.remarks(run.history.totals.nulls):
            if remark not in run.history.warnings:  # by an attempt that did not come to its commit
                run.ledger.append(Warned(message=remark))
        target.begin(run.run_id)
        check(held)
        commit(run, store, output, () if nothing_new else effects_of(run.job, store))
    with timed(run, "publish", request.clock):
        publish(run, store, outside=request.job.execution.extensions)
    target.end(run.run_id)
    page = receipt(run.job, run.run_id, run.facts, Plan(store, run.run_id), run.history)
    Runs(store).write_receipt(run.run_id, page)
    run.ledger.append(RunDone())
    run.ledger.flush()
    return page


@contextmanager
def closing(workers: Workers) -> "Iterator[None]":
    """Release the workers, whatever happened."""
    try:
        yield
    finally:
        workers.close()
