"""Publishing: commit by one record in the ledger, then make visible, in repeatable steps."""

import itertools
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from ingest.core.outcome import StagedFile
from ingest.core.types import Schema, schema_to_json
from ingest.job import Job
from ingest.records.events import Committed, Event, OutputPublished, Settled
from ingest.records.history import History
from ingest.records.ledger import Ledger
from ingest.sinks.base import PublishPlan, Sink
from ingest.work.quarantine import QUARANTINE_SCHEMA

OUTPUTS = ("quarantine", "main")
"""In the order of publishing: who sees new rows can already see what was rejected beside them."""


def sinks_of(job: Job) -> dict[str, Sink]:
    """Return the sinks of a job by output."""
    outputs: dict[str, Sink] = {"main": job.sink}
    if job.contract.on_error == "quarantine":
        outputs["quarantine"] = job.quarantine_sink
    return outputs


def schemas_of(schema: dict[str, str]) -> dict[str, dict[str, str]]:
    """Return the schemas of a job's outputs, by type names; `schema` is that of the main one."""
    return {"main": schema, "quarantine": schema_to_json(QUARANTINE_SCHEMA)}


def commit(job: Job, ledger: Ledger, history: History, schema: Schema) -> None:
    """Write the commit record: from here on the run can only be finished.

    It holds every operation that publishing will do, so that any later attempt does the same.
    `schema` is that of the main output.
    """
    ledger.flush()
    sinks = sinks_of(job)
    schemas = schemas_of(schema_to_json(schema))
    none = None
    if not history.totals.rows.get("main"):
        # tries count from 1: this name is never that of a try
        none = job.sink.stage_schema(schema, ledger.run_id, f"{ledger.attempt}-0-0")
    plans = {}
    for output in OUTPUTS:
        if output in sinks:
            files = _staged(ledger.reader.events(), output)
            if none is not None and output == "main":
                files = itertools.chain(files, [(0, none)])
            facts: dict[str, Any] = {"job": job.name, "owner": job.owner, "output": output}
            facts["schema"] = schemas[output]
            plans[output] = asdict(sinks[output].plan_publish(files, ledger.run_id, facts))
    ledger.append(Committed(plans=plans))
    ledger.flush()
    assert history.publish is not None, "the history listens to the ledger"


def publish(job: Job, ledger: Ledger, history: History) -> None:
    """Carry out what the commit record says, from wherever an earlier attempt was cut off."""
    assert history.publish is not None, "commit comes first"
    sinks = sinks_of(job)
    for output in OUTPUTS:
        if output in history.publish.plans and output not in history.published:
            sinks[output].publish(plan_of(history, output))
            ledger.append(OutputPublished(output=output, uri=sinks[output].uri))
            ledger.flush()


def plan_of(history: History, output: str) -> PublishPlan:
    """Return what the commit record says of an output."""
    assert history.publish is not None, "commit comes first"
    data = history.publish.plans[output]
    puts = tuple((staged, final) for staged, final in data["puts"])
    return PublishPlan(**{**data, "puts": puts, "removes": tuple(data["removes"])})


def _staged(events: Iterator[Event], output: str) -> Iterator[tuple[int, StagedFile]]:
    """Return the files of settled tries: of each partition's first outcome in the ledger."""
    seen: set[int] = set()
    for event in events:
        if isinstance(event, Settled) and (index := event.outcome.key[1]) not in seen:
            seen.add(index)
            yield from ((index, file) for file in event.outcome.files if file.output == output)
