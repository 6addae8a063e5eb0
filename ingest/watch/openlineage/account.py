"""What is recorded of a run, as far as OpenLineage asks for it."""

import uuid
from dataclasses import field
from typing import Any, Self

import yaml

from ingest.config import parsing
from ingest.core.dataclass import dataclass
from ingest.core.errors import FatalError
from ingest.records.history import History
from ingest.records.plan_facts import plan_facts
from ingest.records.runs import RESTORE, Runs
from ingest.storage.objects import Store

_OURS = uuid.uuid5(uuid.NAMESPACE_URL, "https://ingest/run")


@dataclass(slots=True)
class Account:
    """A run as recorded: the job as composed, the facts, the plan once it is frozen, the history.

    All of it is plain data, read from the state: one that is not over and one that
    ended years ago are told alike.
    """

    run_id: str
    job: dict[str, Any]
    facts: dict[str, Any]
    plan: dict[str, Any] = field(default_factory=dict)
    history: History = field(default_factory=History)

    @classmethod
    def of(cls, store: Store, run_id: str) -> Self:
        """Read what is recorded of a run, but for its plan and its history.

        Raises:
            FatalError: it is damaged, or gone.
        """
        runs = Runs(store)
        return cls(run_id, _job(runs, run_id), runs.facts(run_id))

    def planned(self, store: Store) -> None:
        """Read the plan, which is frozen by now."""
        facts = plan_facts(store, self.run_id)
        self.plan = {name: getattr(facts, name) for name in facts.__dataclass_fields__}

    @property
    def name(self) -> str:
        """The name of the job."""
        return str(self.facts["job"])

    @property
    def attempt_id(self) -> str:
        """The UUID of the attempt: OpenLineage knows no run that is resumed after it has failed."""
        return str(uuid.uuid5(_OURS, f"{self.run_id}/{self.history.attempt}"))

    @property
    def places(self) -> dict[str, Any]:
        """Where source and outputs lie, absolute."""
        return dict(self.facts.get("places", {}))


def _job(runs: Runs, run_id: str) -> dict[str, Any]:
    """Return the job as composed."""
    try:
        page = parsing.data(runs.config(run_id), yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise _damaged(runs, run_id, error) from None
    if not isinstance(page, dict):
        raise _damaged(runs, run_id, "no mapping")
    return page


def _damaged(runs: Runs, run_id: str, why: object) -> FatalError:
    return FatalError(
        f"{runs.uri(run_id, 'job.yaml')}: the recorded job is damaged: {why}. {RESTORE}"
    )
