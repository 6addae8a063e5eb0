"""The outputs of a job: rows that go to a sink, each an effect of its own."""

import itertools
from collections.abc import Iterable, Iterator

from ingest.core.dataclass import dataclass
from ingest.core.types import schema_to_json
from ingest.driver.privacy import named
from ingest.driver.publishing.effect import Completed, Effect
from ingest.driver.sinks import schemas_of
from ingest.sinks.base import Claim, Delivery, Line, Published, Sink


@dataclass(frozen=True, slots=True)
class Output(Effect):
    """The rows of one output: `main` or `quarantine`."""

    name: str
    sink: Sink

    def claim(self, claim: Claim) -> None:
        """Have the sink keep others from its place."""
        self.sink.claim(claim)

    def release(self, run_id: str) -> None:
        """Have the sink let others to its place."""
        self.sink.release(run_id)

    def prepare(self, run: Completed) -> Iterator[Line]:
        """Have the sink decide; without rows, the main output keeps at least its columns."""
        staged = run.staged(self.name)
        if self.name == "main" and not run.totals.rows.get("main"):
            # tries count from 1: this name is never that of a try
            stem = f"{run.attempt}-0-0"
            none = self.sink.stage_schema(run.schema, run.run_id, stem)
            staged = itertools.chain(staged, [(0, none)] if none else [])
        delivery = Delivery(
            run_id=run.run_id,
            output=self.name,
            job=run.job.name,
            owner=run.job.owner,
            schema=schemas_of(schema_to_json(run.schema))[self.name],
            # also those that others are made of: of a job with private columns, none is shown
            private=frozenset(run.schema) if named(run.job) else frozenset(),
        )
        return self.sink.prepare(staged, delivery)

    def publish(self, lines: Iterable[Line]) -> Published:
        """Have the sink publish."""
        return self.sink.publish(lines)

    def discard(self, run_id: str) -> None:
        """Remove what was staged, and let others publish."""
        self.sink.discard(run_id)
        self.sink.release(run_id)

    @property
    def uri(self) -> str:
        """Where the rows are."""
        return self.sink.uri
