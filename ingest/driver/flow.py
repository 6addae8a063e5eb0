"""Type-check a job against its input schema, before anything runs."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import polars as pl

from ingest.config.places import dotted
from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError
from ingest.core.names import fault_of
from ingest.core.private import NOTHING, Private
from ingest.core.rows import POSITION, visible
from ingest.core.types import Schema
from ingest.driver.privacy import named, private_columns, refuse_folders
from ingest.job import Job
from ingest.sources.base import Layout
from ingest.transforms.base import StepContext

MOST_COLUMNS = 100_000

_KEY = re.compile(r"[^\W\d]\w*(\.\w+|\[\d+\])*|columns\..+")
_PART = re.compile(r"\w+")

Place = Callable[[tuple[str | int, ...]], str]
"""Says where a part of the job was written: file, line and path, from its path in the job."""


@dataclass(frozen=True, slots=True)
class Flow:
    """The schemas along a job: what is read, what leaves each step, what is published.

    `private` are the columns of each of them whose values are shown nowhere but in the output,
    `places` where each step was written.
    """

    layout: Layout
    steps: tuple[Schema, ...]
    output: Schema
    private: Private = NOTHING
    places: tuple[str, ...] = ()

    @property
    def before_contract(self) -> Schema:
        """The schema that the contract receives."""
        return self.steps[-1] if self.steps else self.layout.columns


def contract_types(job: Job) -> Schema:
    """Return the types that the contract gives to the source: of columns that no step writes."""
    written = frozenset().union(*(step.writes() for step in job.transforms))
    return {name: kind for name, kind in job.contract.types.items() if name not in written}


def check_flow(job: Job, layout: Layout, context: StepContext, place: Place) -> Flow:
    """Send an empty frame through all steps and the contract.

    Raises:
        ConfigError: a step or a check does not fit the columns that reach it, with its line; or
            the option of the source that is probably the cause.
    """
    try:
        return _checked(job, layout, context, place)
    except ConfigError:
        with placed(place, "source"):
            wanted = {*contract_types(job), *named(job)}
            if told := job.source.doubt(layout, wanted, private=bool(named(job))):
                raise ConfigError(told) from None
        raise


def check_steps(job: Job, place: Place) -> None:
    """Check each step by itself: no columns, no data, nobody's code.

    Raises:
        ConfigError: a run would be refused; all mistakes, with their lines.
    """
    context = StepContext(job=job.name, job_folder=str(job.folder), python=job.execution.python)
    lines: list[str] = []
    for number, step in enumerate(job.transforms):
        try:
            with placed(place, "transforms", number, what=f"{step.type}: "):
                step.check(context)
        except ConfigError as error:
            lines += error.lines
    if lines:
        raise ConfigError(*lines)


def _checked(job: Job, layout: Layout, context: StepContext, place: Place) -> Flow:
    with placed(place, "source"):
        refuse_wide(layout.columns)
    frame = pl.LazyFrame(schema={**layout.columns, POSITION: pl.UInt64()})
    schemas: list[Schema] = []
    for number, step in enumerate(job.transforms):
        with placed(place, "transforms", number, what=f"{step.type}: "):
            step.prepare(context)
            frame = pl.LazyFrame(schema=step.apply(frame, context).collect_schema())
            refuse_names(_visible(frame))
            refuse_wide(_visible(frame))
        schemas.append(_visible(frame))
    with placed(place, "contract"):
        output = job.contract.outgoing(schemas[-1] if schemas else layout.columns)
        private = private_columns(job, (layout.columns, *schemas))
    with placed(place, "sink"):
        job.sink.check_schema(output)
        refuse_folders(job, private)
    places = (place(("transforms", number)) for number in range(len(job.transforms)))
    return Flow(layout, tuple(schemas), output, private, tuple(places))


def refuse_names(names: Iterable[str]) -> None:
    """Refuse column names that no later step, sink or reader could use.

    Raises:
        ConfigError: there is one.
    """
    for name in names:
        if fault := fault_of(name):
            raise ConfigError(
                f'column "{name}": its name {fault}. Give the column another name in this step'
            )


def refuse_wide(schema: Schema) -> None:
    """Refuse tables so wide that the names of their columns alone take a worker's memory.

    Raises:
        ConfigError: this is one. 100,000 columns take 1 GB and a minute, a million ten times that.
    """
    if len(schema) > MOST_COLUMNS:
        raise ConfigError(
            f"columns: {len(schema):,} columns, but a table may have at most {MOST_COLUMNS:,}. "
            "Select the columns that you need, or turn columns into rows in an earlier step"
        )


@contextmanager
def placed(place: Place, *path: str | int, what: str = "") -> Iterator[None]:
    """Put file, line and path before the lines of a mistake found in this part of the job."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(*(located(place, path, line, what) for line in error.lines)) from None
    except pl.exceptions.PolarsError as error:
        raise ConfigError(f"{place(path)}: {what}{error}") from None


def located(place: Place, path: tuple[str | int, ...], line: str, what: str = "") -> str:
    """Return a mistake in this part of the job with its place.

    If the line begins with a key (`path: ...`), the place is where that was written: its own line
    of the file, or the command line, where the file is overridden. Then the key is written as
    everywhere, `source.path`; of a step and a check it follows their type, `what`.
    """
    key, _, text = line.partition(": ")
    below = _below(key)
    exact = place((*path, *below))
    if below and not what:
        return f"{exact}: {text}"
    where = exact.removesuffix(dotted((*path, *below)))
    return f"{where}{dotted(path)}: {what}{line}"


def _below(key: str) -> tuple[str | int, ...]:
    """Return the way that a key of a message leads from the part of the job that it is about."""
    if not _KEY.fullmatch(key):
        return ()
    head, _, name = key.partition(".")
    if head == "columns" and name:  # which may have any name
        return head, name
    return tuple(int(part) if part.isdigit() else part for part in _PART.findall(key))


def _visible(frame: pl.LazyFrame) -> Schema:
    schema = frame.collect_schema()
    return {name: schema[name] for name in visible(schema.names())}
