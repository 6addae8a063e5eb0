"""Resuming a run: what of its job is not as it was, and whether the run can be finished so."""

from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError, FatalError
from ingest.driver.changes import changes, identity, other_environment
from ingest.driver.places import anchored, linked, moved
from ingest.driver.recorded import Run, as_written
from ingest.job import Job
from ingest.records.environment import environment
from ingest.records.history import History
from ingest.records.ledger import Ledger
from ingest.records.runs import Runs
from ingest.storage.store import state_option

SHOWN = 5
ADD_FRESH = "To discard that run and start over, add --fresh"


@dataclass(frozen=True, slots=True)
class Reopened:
    """An unfinished run, and how the job as it is now differs in what affects the output.

    `moved` are its paths that lead elsewhere from here, though they are written as they were.
    """

    run: Run
    differing: list[str]
    moved: list[str]


def reopen(runs: Runs, run_id: str, ledger: Ledger, history: History, now: Job) -> Reopened:
    """Read what is recorded of a run, and compare it with the job as it is now.

    A committed run is only published: no difference counts any more.

    Raises:
        FatalError: the record is damaged; or an output has become a link to another place.
    """
    facts = runs.facts(run_id)
    then, recorded = as_written(runs, run_id), facts.get("places", {})
    run = Run(run_id, anchored(then, recorded), facts, ledger, history, resumed=True)
    found, differing, elsewhere = changes(then, now), [], []
    if history.phase == "planned":
        run.warnings += other_environment(facts, environment(now.packages))
        differing = [str(change) for change in found if change.refused]
        if not differing and facts["identity"] != identity(then):
            run.warnings.append(
                "this version of ingest has other defaults or options than the version that "
                "started the run, so settings that the job does not set may mean something else"
            )
        elsewhere = moved(recorded, now) if not differing else []
    run.changes = [str(change) for change in found if not change.refused]
    for problem in linked(run.job, recorded):
        raise FatalError(
            f"run {run_id}: it publishes to {problem}, but none of its files are there. Move "
            "the folder back, or restore it, then run again"
        )
    return Reopened(run, differing, elsewhere)


def refuse_differing(runs: Runs, reopened: Reopened, shown: int = SHOWN) -> None:
    """Refuse to resume a run by a job whose output would be another.

    Raises:
        ConfigError: with the first differences, and both ways out.
    """
    lines = reopened.differing or reopened.moved
    if not lines:
        return
    run = reopened.run
    what = (
        "the job has changed since. These changes affect the output, so the run cannot be resumed "
        "with them"
        if reopened.differing
        else "its paths now lead to other places, so it cannot be resumed from here"
    )
    rest = len(lines) - shown
    more = f"  and {rest:,} more. To see all: ingest plan, with the same arguments"
    raise ConfigError(
        f"{_unfinished(run)}, and {what}:",
        *(f"  {line}" for line in lines[:shown]),
        *([more] if rest > 0 else []),
        *_ways_out(runs, run),
    )


def refuse_changed_steps(runs: Runs, run: Run) -> None:
    """Refuse to resume a run whose steps depend on something that has changed.

    Raises:
        ConfigError: with what it is, and both ways out.
    """
    if run.history.phase == "planned" and (changed := run.changed_steps):
        _, over = _ways_out(runs, run)
        undo = "since it was planned. Undo that to finish the run"
        raise ConfigError(f"{_unfinished(run)}: {changed} {undo}. {over}")


def _unfinished(run: Run) -> str:
    done, all_of_it = run.history.totals.partitions, run.history.partitions
    return f"run {run.run_id} is unfinished ({done:,} of {all_of_it:,} partitions completed)"


def _ways_out(runs: Runs, run: Run) -> tuple[str, str]:
    here = state_option(runs.place, run.job.state_connection_name)
    finish = f"ingest resume {run.run_id}{here}"
    return f"To finish that run as it was recorded: {finish}", ADD_FRESH
