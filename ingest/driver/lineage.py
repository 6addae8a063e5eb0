"""Column lineage: which columns of the source each column of the output comes from."""

from collections.abc import Iterable, Mapping

from ingest.core.lineage import ALL, Kind, Lineage, Origin, joined
from ingest.core.types import Schema
from ingest.driver.flow import Flow
from ingest.job import Job
from ingest.transforms.base import Transform

_MOST = 100
"""A column that is made of more columns than that is said to be made of all of them."""

Origins = Mapping[str, tuple[Origin, ...]]


def lineage(job: Job, flow: Flow) -> Lineage:
    """Follow the columns of a job from the source through all steps to the output.

    What a step does to a column is what its class says of it (`Transform.origins`, `hides`,
    `moves`, `outside`, `decides`); checks filter only where the contract lets rows go.
    """
    given = flow.layout.columns
    known: Origins = {name: (Origin(name),) for name in given}
    deciding: set[Origin] = set()
    for step, made in zip(job.transforms, flow.steps, strict=True):
        deciding.update(_of(step.decides(given), known))
        known, given = _after(step, given, made, known), made
    if job.contract.on_error != "fail":
        deciding.update(_of(job.contract.decides(flow.before_contract), known))
    return Lineage({name: known[name] for name in flow.output}, joined(deciding))


def _after(step: Transform, given: Schema, made: Schema, known: Origins) -> Origins:
    origins, outside = step.origins(given, made), step.outside(given, made)
    return {
        name: (outside[name],)
        if name in outside
        else joined(
            origin.then(_kind(step, name, origins[name])) for origin in _of(origins[name], known)
        )
        for name in made
    }


def _kind(step: Transform, name: str, read: frozenset[str]) -> Kind:
    if name in step.hides():
        return "masked"
    if step.moves or (read == {name} and name not in step.writes()):
        return "identity"
    return "derived"


def _of(names: Iterable[str], known: Origins) -> tuple[Origin, ...]:
    origins = {origin for name in names for origin in known[name]}
    return tuple(origins) if len(origins) <= _MOST else (Origin(ALL, "derived"),)
