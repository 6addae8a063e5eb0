"""The receipt: the final, complete, reproducible account of a run."""

import resource
from dataclasses import asdict
from typing import Any

from ingest.driver.inputs import left_out
from ingest.driver.sinks import sinks_of
from ingest.job import Job
from ingest.records.history import History
from ingest.records.plans import Plan
from ingest.records.runs import command_of

FORMAT = 1
PUBLISHED = ("rows", "inserted", "updated", "ignored", "facts")


def receipt(
    job: Job, run_id: str, facts: dict[str, Any], plan: Plan, history: History
) -> dict[str, Any]:
    """Return the receipt as plain data: readable with `cat`, complete without the ledger."""
    totals = history.totals
    assert history.publish is not None, "a receipt is for a published run"
    outputs = {
        output: {
            "uri": sink.uri,
            "type": sink.type,
            "disposition": sink.write_disposition,
            "rows": totals.rows.get(output, 0),
            "bytes": history.written(output),
            "files": 0,
            "removed": 0,
            **(history.published[output].facts if output in history.published else {}),
        }
        for output, sink in sinks_of(job).items()
    }
    effects = {
        effect: {
            **{key: getattr(published, key) for key in PUBLISHED},
            "prepared": asdict(history.publish.effects[effect]),
        }
        for effect, published in history.published.items()
    }
    return {
        "format": FORMAT,
        "run_id": run_id,
        "job": {"name": job.name, "owner": job.owner, "description": job.description,
                "tags": job.tags},
        "started_at": history.started_at,
        "attempts": history.attempt,
        "cluster": {"name": history.cluster, "why": history.cluster_why},
        "config": facts,
        "inputs": {
            "path": plan.facts.inputs,
            "files": plan.facts.files,
            "bytes": plan.facts.bytes,
            "left_out": plan.facts.cursor.left_out if plan.facts.cursor else 0,
            "nothing_new": plan.facts.nothing_new,
            "schema": plan.facts.input_schema,
            "types_from": plan.facts.notes,
            "remarks": plan.facts.remarks,
        },
        "partitions": {
            "number": history.partitions, "tries": history.tries,
            "retries": dict(history.retries), "searches": history.searches,
            "splits": history.splits, "speculated": history.speculated,
        },
        "books": [asdict(book) for book in totals.books.values()],
        "errors": totals.errors,
        "warnings": [*history.warnings, *_left_out(job, facts, history)],
        "outputs": outputs,
        "effects": effects,
        "schema": plan.facts.output_schema,
        "lineage": plan.facts.lineage,
        "seconds": {**history.timings, "workers": totals.seconds},
        "last_attempt": {"rows": totals.records - history.before, "seconds": history.lap},
        "peak_bytes": {
            "driver": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            "worker": totals.peak_bytes,
        },
    }  # fmt: skip


def _left_out(job: Job, facts: dict[str, Any], history: History) -> list[str]:
    late = history.inputs
    then = command_of(facts, job.name)
    return left_out(job, then, late.counts.get("new", 0), late.examples) if late else []
