"""What is recorded of runs, as plain data: what `ingest status` prints."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from ingest.core.errors import ConfigError, FatalError
from ingest.records.events import Event
from ingest.records.history import History
from ingest.records.holders import Holder, holder
from ingest.records.reader import Reader
from ingest.records.receipts import ended
from ingest.records.runs import OtherFormatError, Runs
from ingest.records.succession import Succession
from ingest.storage.objects import Store
from ingest.watch.attempts import attempts

Page = dict[str, Any]
SHOWN = {"abandoned": "discarded"}
"""States that are called otherwise on record."""
ENDED = {"done", "abandoned", "removed"}
"""States that a run does not leave."""


def newest(runs: Runs, job: str | None) -> Iterator[tuple[str, str]]:
    """Yield runs, newest first, with their jobs; not those whose records are gone."""
    names = [job] if job else runs.jobs()
    ids = sorted(((run, name) for name in names for run in runs.of_job(name)), reverse=True)
    return (each for each in ids if runs.exists(each[0]))


def describe(store: Store, run_id: str, job: str) -> Page:
    """Return what is recorded of a run. A damaged one is a run of that state.

    So is one that `ingest clean` has removed, of which little is left (see `files.md`).
    """
    runs = Runs(store)
    if (mark := runs.removed(run_id)) is not None:
        return {**mark, "run_id": run_id, "job": job, "state": "removed"}
    history, tried, damage, how = History(), [], "", ""
    given_up = runs.given_up(run_id)
    try:
        tried = attempts(_folded(Reader(store, run_id).events(), history))
    except FatalError as error:
        if not given_up and (past := ended(store, run_id)) is not None:
            history, tried = past, []
        else:
            damage = str(error)
            how = "unreadable" if isinstance(error, OtherFormatError) else "damaged"
    totals = history.totals
    succession = Succession(store, job)
    last = not succession.later(run_id)
    state = _state(history, _at_work(store, job, succession.outputs(run_id)) if last else None)
    if damage or given_up:
        state = "abandoned" if given_up else how
    facts = _facts(runs, run_id)
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
        "attempts": history.attempt,
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
        and not damage,
        "failure": history.failure,
        "error": damage or history.error,
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


def _facts(runs: Runs, run_id: str) -> dict[str, Any]:
    with suppress(ConfigError, FatalError):  # how the run stands is worth saying without them too
        return runs.facts(run_id)
    return {}


def _at_work(store: Store, job: str, outputs: dict[str, str]) -> Holder | None:
    """Return who works on a job to these outputs; a run to another output is another one."""
    worker = holder(store, f"jobs/{job}/lease")
    other = worker and worker.sink and outputs and worker.sink not in outputs.values()
    return None if other else worker


def _folded(events: Iterable[Event], history: History) -> Iterator[Event]:
    """Fold events into a history, and pass them on."""
    for event in events:
        history.see(event)
        yield event


def _state(history: History, held: Holder | None) -> str:
    """Say how it stands with a run, in a word; `open` if nobody here can tell."""
    if history.phase in {"done", "abandoned"}:
        return history.phase
    if held is not None and held.state in {"alive", "stopped"} and not history.ended:
        return "running"
    if held is not None and held.state == "elsewhere" and not history.ended:
        return "open"
    return history.ended or "died"
