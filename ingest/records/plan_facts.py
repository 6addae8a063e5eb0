"""The page of facts about a plan: read without its partitions, and without what reads those."""

import json
from dataclasses import field
from typing import Any

from ingest.core.dataclass import dataclass
from ingest.core.errors import FatalError
from ingest.records.runs import RESTORE, other_format
from ingest.storage.objects import Store

FORMAT = 3
OLDER = frozenset({1, 2})
"""Formats that are read too. In format 1 slices have no `changed_ns`, and there are no remarks; in
format 2 there is no cursor."""


@dataclass(frozen=True, slots=True)
class CursorFacts:
    """What a plan was decided on: the cursor's entry, and what it said of the inputs.

    `left_out` is how many inputs are not read because earlier runs have read them, `known` how many
    of those that are read the cursor has in another version. `position` is where a cursor over
    columns will stand.
    """

    entry: int
    left_out: int = 0
    known: int = 0
    position: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """What is frozen besides the partitions: how many, the schemas, and what they depend on.

    `cursor` says, of an incremental source, what was left out because earlier runs have read it.
    """

    partitions: int
    files: int
    bytes: int
    inputs: str
    input_schema: dict[str, str]
    output_schema: dict[str, str]
    source_facts: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    lineage: dict[str, Any] = field(default_factory=dict)
    cursor: CursorFacts | None = None

    @property
    def nothing_new(self) -> bool:
        """Whether earlier runs have read all there is."""
        return self.cursor is not None and not self.partitions


def plan_facts(store: Store, run_id: str) -> PlanFacts:
    """Return the facts of a plan.

    Raises:
        FatalError: there is none, it is damaged, or this release cannot read it.
    """
    folder = f"runs/{run_id}"
    try:
        facts = json.loads(store.read(f"{folder}/plan.json"))
    except FileNotFoundError:
        raise FatalError(
            f"{store.uri(folder)}: the run has no plan: it ended during planning. "
            "Start over with: --fresh"
        ) from None
    except ValueError as error:
        raise damaged(store, run_id, "plan.json", error) from None
    if not isinstance(facts, dict):
        raise damaged(store, run_id, "plan.json", "no page")
    if (written := facts.pop("format", None)) not in {FORMAT, *OLDER}:
        raise other_format(store, run_id, "plan.json", written, FORMAT)
    try:
        if cursor := facts.get("cursor"):
            facts["cursor"] = CursorFacts(**cursor)
        return PlanFacts(**facts)
    except TypeError as error:
        raise damaged(store, run_id, "plan.json", error) from None


def damaged(store: Store, run_id: str, name: str, why: object) -> FatalError:
    """Return the error that an object of a plan is not as it was written."""
    place = store.uri(f"runs/{run_id}/{name}")
    return FatalError(f"{place}: the plan is damaged: {why}. {RESTORE}")
