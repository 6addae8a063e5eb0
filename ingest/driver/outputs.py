"""What speaks against a job's outputs before anything runs: where they lie, whose rows are in."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError, FatalError
from ingest.driver.flow import Place, located, placed
from ingest.driver.places import reached_by
from ingest.driver.sinks import schemas_of, sinks_of
from ingest.job import Job
from ingest.records.runs import Runs
from ingest.sinks.base import Sink
from ingest.sinks.directory.place import STAGING
from ingest.sinks.leftovers import publishes_in
from ingest.storage.objects import Store
from ingest.storage.remote import canonical
from ingest.storage.uris import is_remote

WRITTEN = {"main": ("sink",), "quarantine": ("contract", "quarantine")}
"""Where in a job it is said where an output goes."""

ROOT = "/"
_NAMES = {"main": "the output", "quarantine": "the quarantine"}


@dataclass(frozen=True, slots=True)
class _Other:
    """A place that another job of the state publishes to, by its last run."""

    uri: str
    output: str
    job: str
    run_id: str

    def __str__(self) -> str:
        return f'{_NAMES[self.output]} of job "{self.job}" (run {self.run_id})'


def check_names(job: Job, place: Place) -> None:
    """Refuse places by what they are called, whatever is there: that needs no state and no data.

    Raises:
        ConfigError: with the line of the job that names the place.
    """
    if lines := _misplaced(job, _real(job.state), place):
        raise ConfigError(*dict.fromkeys(lines))


def check_places(job: Job, store: Store, place: Place) -> None:
    """Refuse outputs that cannot be written, and places that lie in each other.

    Raises:
        ConfigError: with the line of the job that names the place.
    """
    if any(sink.uri == ROOT for sink in sinks_of(job).values()):
        check_names(job, place)  # all else that is wrong there follows from it
    lines: list[str] = []
    for output, sink in sinks_of(job).items():
        if lines and _is_beside(output, job):
            continue
        try:
            with placed(place, *WRITTEN[output]):
                sink.check(_inputs(job, sink))
        except ConfigError as error:
            lines += error.lines
    try:
        _refuse_overlaps(job, store, place)
    except ConfigError as error:
        lines += error.lines
    if lines:
        raise ConfigError(*dict.fromkeys(lines))


def _inputs(job: Job, sink: Sink) -> list[str]:
    """Return what is read where a sink writes to: another server may have such URIs, too."""
    same = job.source.server == sink.server
    return [root for root in job.source.roots if same or not is_remote(root)]


def _is_beside(output: str, job: Job) -> bool:
    """Whether it is the quarantine at its usual place: it shares what is wrong with the sink's."""
    return output == "quarantine" and job.quarantine_sink.uri == f"{job.sink.uri}_quarantine"


def _refuse_overlaps(job: Job, store: Store, place: Place) -> None:
    """Refuse places that lie in each other, whatever is there by now; see `check_places`."""
    lines = _misplaced(job, _real(store.uri()), place)
    wrong: list[str] = []
    for output, sink in sinks_of(job).items():
        if not (wrong and _is_beside(output, job)):
            problems = _among_others(output, sink.uri, job, store)
            wrong += [located(place, WRITTEN[output], problem) for problem in problems]
    lines += wrong
    if lines:
        raise ConfigError(*dict.fromkeys(lines))


def _misplaced(job: Job, state: str, place: Place) -> list[str]:
    """Say which of a job's own places lie in each other, or cannot be outputs at all."""
    outputs = {output: sink.uri for output, sink in sinks_of(job).items()}
    lines = [f"{place(('state',))}: {problem}" for problem in _state(state, outputs)]
    lines += [located(place, ("source",), problem) for problem in _source(job)]
    wrong: list[str] = []
    for output in outputs:
        if not (wrong and _is_beside(output, job)):
            problems = _output(output, outputs, state)
            wrong += [located(place, WRITTEN[output], problem) for problem in problems]
    return lines + wrong


def check_together(jobs: Sequence[tuple[Job, Place]]) -> None:
    """Refuse jobs of one sweep of which a later one would be refused after an earlier one ran.

    Raises:
        ConfigError: with the line of the later job: it replaces what an earlier one publishes, or
            publishes inside it, or around it.
    """
    lines: list[str] = []
    for number, (job, place) in enumerate(jobs):
        others = [other for other, _ in jobs[:number] if other.name != job.name]
        for output, sink in sinks_of(job).items():
            if lines and _is_beside(output, job):
                continue
            problems = (text for other in others for text in _clashes(sink, other))
            lines += [located(place, WRITTEN[output], text) for text in problems]
    if lines:
        raise ConfigError(*dict.fromkeys(lines))


def _clashes(sink: Sink, other: Job) -> Iterator[str]:
    """Say why a sink cannot publish after another job of the same sweep has published."""
    for output, theirs in sinks_of(other).items():
        whose = f'{_NAMES[output]} of job "{other.name}" in this command'
        if sink.uri == theirs.uri:
            allowed = sink.replaces_jobs == "any" or other.name in sink.replaces_jobs
            if sink.write_disposition == "overwrite" and not allowed:
                yield (
                    f'path: "{sink.uri}" is also {whose}, whose rows would be replaced. Use '
                    "another path"
                )
        elif _is_within(sink.uri, theirs.uri) or _is_within(theirs.uri, sink.uri):
            yield (
                f'path: "{sink.uri}" and "{theirs.uri}", {whose}, are inside each other: readers '
                "would mix the two. Use another path"
            )


def _is_within(uri: str, other: str) -> bool:
    return uri.startswith(f"{other.rstrip('/')}/")


def check_published(job: Job, place: Place, schema: dict[str, str]) -> None:
    """Refuse rows that do not go with those that are published there; `schema` is the output's.

    Raises:
        ConfigError: rows of another job would be removed, or rows of two forms be mixed.
    """
    schemas = schemas_of(schema)
    for output, sink in sinks_of(job).items():
        with placed(place, *WRITTEN[output]):
            try:
                sink.check_published(job.name, schemas[output])
            except ConfigError as error:
                if output == "main" or sink.write_disposition != "append":
                    raise
                raise ConfigError(
                    f"{error.lines[0].partition('. ')[0]}. Another version of ingest wrote "
                    f'"{sink.uri}". Move it away, or use another path: '
                    "contract.quarantine.path=DIR"
                ) from None


def _output(output: str, outputs: dict[str, str], state: str) -> Iterator[str]:
    """Say which other place of its job an output is in."""
    here = outputs[output]
    if here == ROOT:
        yield f'path: "{here}" is the root of the file system. Use a directory inside it'
    for name, uri in outputs.items():
        if name != output and uri != ROOT and (here == uri or _is_within(here, uri)):
            yield (
                f'path: "{here}" is inside "{uri}", where this job publishes too: readers '
                "would mix the two. Use a path outside it"
            )
    if _is_within(here, state):
        yield f'path: "{here}" is inside the state "{state}". Use a path outside it'
    yield from _staging("path", here)


def _among_others(output: str, here: str, job: Job, store: Store) -> Iterator[str]:
    """Say what of other jobs an output is in, or what of them is in it."""
    how = reached_by(job).get(output)
    above = next((folder for folder in _parents(here) if _publishes_in(folder, how)), "")
    if above:
        yield (
            f'path: "{here}" is inside "{above}", where runs are published: readers would read '
            "the rows of both. Use a path outside it"
        )
    yield from _across(here, output, job, store)


def _publishes_in(uri: str, how: Mapping[str, Any] | None) -> bool:
    """Ask a place above; credentials that open a prefix need not open what it lies in."""
    with suppress(ConfigError, FatalError):
        return publishes_in(uri, how)
    return False


def _across(here: str, output: str, job: Job, store: Store) -> Iterator[str]:
    """Say which other job publishes to a place that cannot be shared with this one."""
    for other in _others(store, job.name):
        if here == other.uri and output != other.output:
            yield (
                f'path: "{here}" is {other}. A folder can contain the rows of one output only. Use '
                "another path"
            )
        elif _is_within(other.uri, here):
            yield (
                f'path: "{other.uri}", {other}, is inside "{here}": readers would read the '
                "rows of both. Use a path outside it"
            )


def _source(job: Job) -> Iterator[str]:
    for root in job.source.roots:
        yield from _staging("path", _real(root))


def _staging(option: str, uri: str) -> Iterator[str]:
    """Say that a place lies where a run stages its files."""
    above = (uri, *_parents(uri))
    folder = next((each for each in above if each.rpartition("/")[2].startswith(STAGING)), "")
    if folder:
        yield (
            f'{option}: "{uri}" is in "{folder}", where ingest keeps unpublished files and '
            "removes them. Use another path"
        )


def _state(state: str, outputs: dict[str, str]) -> Iterator[str]:
    """Say what would read the files of the state as rows."""
    for output, uri in outputs.items():
        if uri != ROOT and (state == uri or _is_within(state, uri)):
            yield (
                f'"{state}" is inside {_NAMES[output]} "{uri}": readers would read the '
                "state's files as rows. Use a path outside it: state=DIR"
            )


def _others(store: Store, job: str) -> Iterator[_Other]:
    """Return where the last run of each other job publishes, as far as it has been there."""
    runs = Runs(store)
    for name in runs.jobs():
        for run_id in runs.of_job(name)[-1:] if name != job else ():
            reached = runs.reached_by(name, run_id)
            for output, uri in _places(runs, run_id).items():
                if output in WRITTEN and _publishes_in(uri, reached.get(output)):
                    yield _Other(uri, output, name, run_id)


def _places(runs: Runs, run_id: str) -> dict[str, Any]:
    with suppress(ConfigError, FatalError):  # the record of another job's run is gone or damaged
        return dict(runs.facts(run_id).get("places", {}))
    return {}


def _parents(uri: str) -> Iterator[str]:
    """Yield the places that a place lies in, the next one first; of a bucket, not the bucket."""
    scheme, separator, rest = uri.rpartition("://")
    while "/" in rest.strip("/"):
        rest = rest.rpartition("/")[0]
        if not separator or "/" in rest:
            yield f"{scheme}{separator}{rest}"


def _real(path: str) -> str:
    path = path.removeprefix("file://")
    return canonical(path) if is_remote(path) else os.path.realpath(path)
