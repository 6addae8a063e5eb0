"""What is recorded of runs, as plain data: what `ingest status` prints."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from ingest.core.errors import ConfigError, FatalError
from ingest.records.history import History
from ingest.records.holders import Holder, holder
from ingest.records.runs import Runs
from ingest.records.succession import Succession
from ingest.storage.glance import Glance
from ingest.storage.objects import Store
from ingest.watch.snapshots import told
from ingest.watch.telling import Telling

Page = dict[str, Any]
SHOWN = {"abandoned": "discarded"}
"""States that are called otherwise on record."""
ENDED = {"done", "abandoned", "removed"}
"""States that a run does not leave."""


def newest(glance: Glance, job: str | None) -> list[tuple[str, str]]:
    """Return all runs, newest first, with their jobs; also those whose records are gone."""
    runs = Runs(glance)
    names = [job] if job else runs.jobs()
    made = zip(names, glance.each(runs.of_job, names), strict=True)
    return sorted(((run_id, name) for name, ids in made for run_id in ids), reverse=True)


def describe(store: Store, run_id: str, job: str, known: dict[str, Telling] | None = None) -> Page:
    """Return what is recorded of a run. A damaged one is a run of that state.

    So is one that `ingest clean` has removed, of which little is left (see `files.md`). Of the runs
    that are `known`, only what is new is read; this one is among them afterwards.
    """
    runs = Runs(store)
    if (mark := runs.removed(run_id)) is not None:
        return {**mark, "run_id": run_id, "job": job, "state": "removed"}
    telling = known.get(run_id) if known is not None else None
    if telling is None:
        telling = told(store, run_id)
    else:
        telling.read_on(store, run_id)
    if known is not None and not telling.damage:
        known[run_id] = telling
    succession = Succession(store, job)
    last = not succession.later(run_id)
    state = state_of(telling.history, at_work(store, job, run_id) if last else None)
    if telling.damage or runs.given_up(run_id):
        state = "abandoned" if runs.given_up(run_id) else telling.how
    return page_of(run_id, job, facts_of(runs, run_id), telling, state=state, last=last)


def page_of(
    run_id: str, job: str, facts: dict[str, Any], telling: Telling, *, state: str, last: bool
) -> Page:
    """Return what is known of a run; `last` is whether no later run has taken its place."""
    history, tried = telling.history, telling.attempts.pages
    totals = history.totals
    return {
        "run_id": run_id,
        "job": job,
        "arguments": facts.get("arguments") or [job],
        "state": state,
        "started_at": history.started_at,
        "ended_at": history.ended_at,
        "user": next((page.user for page in tried[::-1] if page.user), facts.get("user", "")),
        "host": next((page.host for page in tried[::-1] if page.host), ""),
        "git": facts.get("git", {}),
        "before": facts.get("before", {}),
        "attempts": history.attempt,
        "seconds": round(telling.attempts.seconds, 3),
        "partitions": {"settled": totals.partitions, "planned": history.partitions},
        "left_out": history.left_out,
        "cursor": dict(moved.facts) if (moved := history.published.get("cursor")) else {},
        "rows": totals.summary,
        "reasons": dict(sorted(totals.errors.items(), key=lambda item: -item[1])),
        "examples": totals.examples,
        "outputs": list(_outputs(history, facts.get("places", {}))),
        "retries": dict(history.retries),
        "tried": [asdict(page) for page in tried],
        "inputs": history.inputs.to_json() if history.inputs else {},
        "books": [
            {
                "step": b.step,
                "rows": b.rows,
                "added": b.added,
                "dropped": b.dropped,
                "filtered": b.filtered,
                "out": b.out,
            }
            for b in totals.books.values()
        ],
        "phase": history.phase,
        "go_on": last
        and history.phase in {"planned", "committed"}
        and state != "abandoned"
        and not telling.damage,
        "failure": history.failure,
        "error": telling.damage or history.error,
    }


def _outputs(history: History, places: dict[str, str]) -> Iterator[Page]:
    """Return what the run publishes, once that is decided: nothing before its commit."""
    totals = history.totals
    for output in history.publish.effects if history.publish else ():
        if output not in places:
            continue  # a cursor, say
        published = history.published.get(output)
        staged = history.files(output)
        yield {
            "output": output,
            "place": places[output],
            "rows": totals.rows.get(output, 0),
            "files": published.facts.get("files", staged) if published else staged,
            "bytes": history.written(output),
            "published": history.phase == "done" or published is not None,
        }


def facts_of(runs: Runs, run_id: str) -> dict[str, Any]:
    """Return what was frozen when the run was made; nothing if that cannot be read."""
    with suppress(ConfigError, FatalError):  # how the run stands is worth saying without them too
        return runs.facts(run_id)
    return {}


def at_work(store: Store, job: str, run_id: str) -> Holder | None:
    """Return who works on a job to the outputs of a run; a run to another output is another one."""
    worker = holder(store, f"jobs/{job}/lease")
    outputs = Runs(store).outputs(job, run_id)
    other = worker and worker.sink and outputs and worker.sink not in outputs.values()
    return None if other else worker


def state_of(history: History, held: Holder | None) -> str:
    """Say how it stands with a run, in a word; `open` if nobody here can tell."""
    if history.phase in {"done", "abandoned"}:
        return history.phase
    if held is not None and held.state in {"alive", "stopped"} and not history.ended:
        return "running"
    if held is not None and held.state == "elsewhere" and not history.ended:
        return "open"
    return history.ended or "died"
