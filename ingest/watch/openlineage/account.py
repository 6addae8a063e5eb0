"""What is recorded of a run, as far as OpenLineage asks for it."""

import uuid
from dataclasses import field
from typing import Any, Self

import yaml

from ingest.core.dataclass import dataclass
from ingest.records.history import History
from ingest.records.plan_facts import plan_facts
from ingest.records.runs import Runs
from ingest.storage.objects import Store

_OURS = uuid.uuid5(uuid.NAMESPACE_URL, "https://ingest/run")


@dataclass(slots=True)
class Account:
    """A run as recorded: the job as composed, the facts, the plan once it is frozen, the history.

    All of it is plain data, read from the state: a run that goes on and one that ended years ago
    are told alike.
    """

    run_id: str
    job: dict[str, Any]
    facts: dict[str, Any]
    plan: dict[str, Any] = field(default_factory=dict)
    history: History = field(default_factory=History)

    @classmethod
    def of(cls, store: Store, run_id: str) -> Self:
        """Read what is recorded of a run, but for its plan and its history."""
        runs = Runs(store)
        return cls(run_id, yaml.safe_load(runs.config(run_id)), runs.facts(run_id))

    def planned(self, store: Store) -> None:
        """Read the plan, which is frozen by now."""
        facts = plan_facts(store, self.run_id)
        self.plan = {name: getattr(facts, name) for name in facts.__dataclass_fields__}

    @property
    def attempt_id(self) -> str:
        """The UUID of the attempt: OpenLineage knows no run that goes on after it has failed."""
        return str(uuid.uuid5(_OURS, f"{self.run_id}/{self.history.attempt}"))

    @property
    def places(self) -> dict[str, Any]:
        """Where source and outputs lie, absolute."""
        return dict(self.facts.get("places", {}))
