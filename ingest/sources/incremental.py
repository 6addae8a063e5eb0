"""Incremental sources: what earlier runs have read is not read again.

A source with `incremental` gets the job's cursor as `Earlier` when a plan is made, and answers with
`Unread`: what is to be read, and where the cursor will stand once that is published. Both are plain
data, so that a source of any kind can say what its cursor is:

- Of files, the cursor is the files themselves. The plan has them, so `position` stays empty.
- Of rows in a column (`incremental: {cursor: updated_at}`), it is a `position` such as
  `{"cursor": "updated_at", "value": "2026-11-30T00:00:00"}`: the upper end of what is read, found
  out when the plan is made. The source cuts its inputs between the old and the new one.

The driver keeps `position` in the plan, and moves the cursor there when the run is published.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Annotated, Any, Literal

import polars as pl
from pydantic import BeforeValidator

from ingest.core.dataclass import dataclass
from ingest.core.model import Model
from ingest.core.partition import Slice


class NewFiles(Model):
    """Read only files that no published run of the job has read."""

    type: Literal["files"]
    on_changed: Literal["fail", "read", "ignore"] = "fail"
    """What to do about a file that was read and has another size or modification time (or etag)
    now. `fail` refuses the run, also if a new file has size and time of one that is gone: it may be
    renamed. `read` reads the whole file again: with `append`, the rows of the first reading stay.
    `ignore` leaves it out."""


def _long(value: object) -> object:
    if value is True:
        raise ValueError("must be files, or a mapping with type: files; got true. Write files")
    return {"type": value} if isinstance(value, str) else value


Incremental = Annotated[NewFiles, BeforeValidator(_long)]
"""As it is written: `files`, or `{type: files, on_changed: read}`."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What earlier runs have read and published to the job's output: the cursor.

    `files` returns frames with the columns `uri`, `size` and `version`, a part in memory at a time.
    A file may come several times: then it was read in several versions, and the first one counts.
    `position` is what the source's `Unread` has said when the last run was planned.
    """

    files: Callable[[], Iterable[pl.DataFrame]] = tuple
    position: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unread:
    """What is to be read: all inputs but those that earlier runs have read.

    `slices` are whole inputs in a stable order, `remarks` sentences about them for a person.
    `left_out` is how many inputs are not among them, `known` how many are that the cursor has in
    another version. `sample` are a few of those that are left out: with no slices, they tell the
    columns. `position` is where the cursor stands once the slices are published.
    """

    slices: Sequence[Slice]
    remarks: tuple[str, ...] = ()
    left_out: int = 0
    known: int = 0
    sample: Sequence[Slice] = ()
    position: Mapping[str, Any] = field(default_factory=dict)
