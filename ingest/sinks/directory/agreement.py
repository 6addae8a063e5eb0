"""Whether what a run is about to publish goes with what others have published to the same place."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from ingest.core.counts import counted
from ingest.sinks.directory.content import Content, Form, Standing

Replaces = tuple[str, ...] | Literal["any"]

_SHOWN = 5


def owners(place: str, content: Content, job: str, replaces: Replaces) -> Iterator[str]:
    """Say of each other job that a run would remove rows of, unless `replaces` names that job."""
    if replaces == "any":
        return
    allowed = {job, *replaces}
    others: dict[str, list[Standing]] = {}
    for run in content.runs:
        if run.rows and run.job not in allowed:
            others.setdefault(run.job, []).append(run)
    for other, runs in others.items():
        rows, files = sum(run.rows for run in runs), sum(run.files for run in runs)
        held = f"{counted(rows, 'row')} in {counted(files, 'file')}"
        whose = f'job "{other}"' if other else "an unknown job"
        write = f"[{', '.join(sorted({*replaces, other}))}]" if other else "any"
        yield (
            f'"{place}" holds {held} of {whose} (last run: '
            f"{runs[-1].run_id}), and this run would remove them. Use another path. If this "
            f"job replaces the other one, write sink.replaces_jobs={write}"
        )


def forms(place: str, content: Content, form: Form, *, by_position: bool) -> list[str]:
    """Say what differs between what a run would add and what is there: a table has one form.

    Compared is the newest run that has rows there. `by_position` says that readers of the format
    go by the order of columns.
    """
    standing = next((run for run in reversed(content.runs) if run.rows), None)
    if standing is None:
        return []
    lines = [*_written(form, standing.form)]
    if standing.form.schema is not None and form.schema is not None and not lines:
        lines += _columns(form.schema, standing.form.schema)
        if by_position and not lines and list(form.schema) != list(standing.form.schema):
            lines.append(
                f"columns: in the order {', '.join(form.schema)} here, "
                f"{', '.join(standing.form.schema)} there, and readers of this format use the "
                "order. Put the columns in that order with a select step"
            )
    hidden = len(lines) - _SHOWN
    more = [f"and {hidden} more differences"] if hidden > 0 else []
    whose = f'run {standing.run_id} of job "{standing.job}" has published to "{place}"'
    last = "Use another path, or replace the published rows: sink.write_disposition=overwrite"
    return [f"{line}. Compared with what {whose}. {last}" for line in [*lines[:_SHOWN], *more]]


def _written(here: Form, there: Form) -> Iterator[str]:
    if there.type and here.type != there.type:
        yield f"type: {here.type} here, {there.type} there: no reader can read both as one table"
        return
    if here.partition_by != there.partition_by:
        yield (
            f"partition_by: {_listed(here.partition_by)} here, {_listed(there.partition_by)} "
            "there: readers need one layout of folders"
        )
    for option in here.reading:
        if option in there.reading and here.reading[option] != there.reading[option]:
            was = f"{_shown(here.reading[option])} here, {_shown(there.reading[option])} there"
            yield f"{option}: {was}: a reader can only use one setting"


def _columns(here: Mapping[str, str], there: Mapping[str, str]) -> Iterator[str]:
    for name, kind in here.items():
        if name not in there:
            yield f'columns: "{name}" ({kind}) is new. Remove it with a select step'
        elif kind != there[name]:
            yield (
                f'columns: "{name}" is {kind} here, {there[name]} there. '
                f"Write contract.columns: {{{name}: {there[name]}}}"
            )
    for name, kind in there.items():
        if name not in here:
            yield (
                f'columns: "{name}" ({kind}) is missing here. Add it with a derive step, as '
                "null if necessary: CAST(NULL AS …)"
            )


def _listed(names: Sequence[str]) -> str:
    return f"[{', '.join(names)}]"


def _shown(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()
