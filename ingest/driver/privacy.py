"""Which columns of a job are private, from the source to the output."""

import itertools
from collections.abc import Sequence

from ingest.core.errors import ConfigError
from ingest.core.names import no_such_column
from ingest.core.private import NOTHING, Private
from ingest.core.types import Schema
from ingest.job import Job


def named(job: Job) -> frozenset[str]:
    """Return the names of the columns that a job marks `pii` or masks."""
    return job.contract.private.union(*(step.hides() for step in job.transforms))


def private_columns(job: Job, schemas: Sequence[Schema]) -> Private:
    """Follow the private columns of a job: back to the source, then through all steps.

    `schemas` are that of the source and those of what leaves each step. A column is private where
    it is marked, where a later one that is marked or masked is made of it, and where it is made of
    such a one, or read from the same characters; what a mask made of it is not.

    Raises:
        ConfigError: `contract.pii` names columns that are nowhere.
    """
    _refuse_unknown(job.contract.pii, schemas)
    marks = _marks(job, schemas)
    if not any(marks):
        return NOTHING
    origins = [
        step.origins(given, made)
        for step, (given, made) in zip(job.transforms, itertools.pairwise(schemas), strict=True)
    ]
    for place in range(len(origins) - 1, -1, -1):
        wanted = marks[place + 1]
        marks[place] = marks[place].union(*(origins[place].get(name, ()) for name in wanted))
    marks[0] |= job.source.overlapping(marks[0])
    for place, step in enumerate(job.transforms):
        made = (name for name, read in origins[place].items() if read & marks[place])
        marks[place + 1] |= frozenset(made) - step.hides()
    return Private(tuple(marks))


def _marks(job: Job, schemas: Sequence[Schema]) -> list[frozenset[str]]:
    """Return the columns that are marked at the source and behind each step, or masked next."""
    everywhere = frozenset(job.contract.pii)
    marks = [everywhere & schema.keys() for schema in schemas]
    for place, step in enumerate(job.transforms):
        marks[place] |= step.hides()
    marks[-1] |= job.contract.marked
    return marks


def refuse_folders(job: Job, private: Private) -> None:
    """Refuse a sink whose folders would be named by private values.

    Raises:
        ConfigError: such names stand in manifests, logs and receipts.
    """
    keys = [name for name in getattr(job.sink, "partition_by", ()) if name in private.output]
    if keys:
        raise ConfigError(
            *(
                f'partition_by: "{name}" is private (pii), but its values would become folder '
                "names, which appear in manifests, logs and receipts. Partition by another "
                "column, or by a masked column that is not marked pii"
                for name in keys
            )
        )


def _refuse_unknown(names: Sequence[str], schemas: Sequence[Schema]) -> None:
    known = {name: None for schema in schemas for name in schema}
    lines = [f"pii: {no_such_column(name, known)}" for name in names if name not in known]
    if lines:
        raise ConfigError(*lines)
