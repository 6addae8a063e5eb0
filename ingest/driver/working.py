"""The partitions of a run: its plan is frozen, or read again, and then completed."""

from ingest.core.types import Schema, schema_from_json
from ingest.driver.backlog import Backlog
from ingest.driver.combining import Combining
from ingest.driver.flow import Flow, check_flow
from ingest.driver.inputs import check_inputs
from ingest.driver.loop import Loop
from ingest.driver.outputs import check_places, check_published
from ingest.driver.planning import Draft, freeze
from ingest.driver.recorded import Run
from ingest.driver.repeats import repeats
from ingest.driver.request import Request
from ingest.driver.retry import RetryPolicy
from ingest.driver.sinks import sinks_of
from ingest.driver.tasks import context_of, task_of
from ingest.driver.unused import without_unused
from ingest.records.events import PlanFrozen, Warned
from ingest.records.plans import Plan
from ingest.records.status import Status
from ingest.sources.base import Layout
from ingest.storage.objects import Store


def start(run: Run, request: Request, flow: Flow) -> None:
    """Have the workers started, which takes a while."""
    context = context_of(run.job, run.run_id, run.loaded_at)
    request.workers.start(task_of(run.job, without_unused(run.job, flow), context))


def freeze_plan(run: Run, request: Request, store: Store, drafted: Draft) -> Plan:
    """Write the plan, while the workers start."""
    plan = freeze(drafted, run.job, store, run.run_id)
    run.ledger.append(
        PlanFrozen(
            partitions=len(plan),
            files=plan.facts.files,
            bytes=plan.facts.bytes,
            left_out=drafted.cursor.left_out if drafted.cursor else 0,
            seconds=round(request.clock.monotonic() - drafted.began, 3),
        )
    )
    if warning := repeats(run.job, store, plan):
        run.ledger.append(Warned(message=warning))
    run.ledger.flush()
    return plan


def reopen_plan(run: Run, request: Request, store: Store) -> tuple[Plan, Schema]:
    """Read the plan that stands, check that the job still fits it, and start the workers on it.

    Returns it with the schema of the output.
    """
    check_places(run.job, store, request.place)
    plan = Plan(store, run.run_id)
    facts = plan.facts
    check_published(run.job, request.place, facts.output_schema)
    context = context_of(run.job, run.run_id, run.loaded_at)
    layout = Layout(schema_from_json(facts.input_schema), facts.source_facts, facts.notes)
    flow = check_flow(run.job, layout, context, request.place)
    accept_touched = request.job.execution.touched_inputs == "accept"
    check_inputs(run, plan, store, accept_touched=accept_touched)
    left = run.history.totals.partitions < run.history.partitions
    if left or _combining(run, request).is_due:  # else there is nothing to work
        start(run, request, flow)
    return plan, flow.output


def complete(plan: Plan, run: Run, request: Request, store: Store) -> None:
    """Complete all partitions, and combine their files if they are too small.

    What still runs then is ended, so that nothing more is staged.
    """
    execution = request.job.execution  # as asked for now: it changes no row
    by_row = run.job.by_row
    Loop(
        backlog=Backlog(
            plan,
            run.history,
            run.ledger.attempt,
            request.clock,
            accept_touched=execution.touched_inputs == "accept",
        ),
        workers=request.workers,
        ledger=run.ledger,
        history=run.history,
        policy=RetryPolicy(execution.retry, by_row, search=execution.max_poison_rows > 0),
        split=run.job.source.split,
        contract=run.job.contract,
        execution=execution,
        clock=request.clock,
        stop=request.stop,
        status=Status(store, run.run_id, request.clock),
    ).run()
    _combining(run, request).run()
    request.workers.close()


def _combining(run: Run, request: Request) -> Combining:
    return Combining(
        sinks=sinks_of(run.job),
        workers=request.workers,
        ledger=run.ledger,
        history=run.history,
        execution=request.job.execution,
        clock=request.clock,
        stop=request.stop,
    )
