"""Holding the files that are there against those of a plan, before a run is resumed.

Changed is what has another size or version. What has the same, but whose inode was changed since
(ctime), is touched: a rewrite that puts size and time back does that, and so do `chmod`, `mv`, hard
links (backups by `cp -al` make one for each file) and putting the planned version back. Nothing but
its content could tell them apart. See docs/decisions/0010-identity-of-inputs.md.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from ingest.core.partition import Slice
from ingest.sources.base import Difference, Planned
from ingest.sources.files.identity import described, time_of


def differences(
    planned: Iterable[Planned], present: Iterable[Slice], since: datetime
) -> Iterator[Difference]:
    """Merge the two, both sorted by URI, and return what differs.

    `since` is when the plan was made: for plans that do not know when inodes were changed.
    """
    since_ns = int(since.timestamp() * 1e9)
    there = iter(present)
    at = next(there, None)
    for one in planned:
        while at is not None and at.uri < one.uri:
            yield _new(at)
            at = next(there, None)
        was = f"was {described(one.uri, one.size, one.version)}"
        if at is None or at.uri > one.uri:
            yield Difference(one.uri, "vanished", f"{was}, is gone", one.open)
            continue
        if (at.size, at.version) != (one.size, one.version):
            text = f"{was}, now {described(at.uri, at.size, at.version)}"
            yield Difference(one.uri, "changed", text, one.open)
        elif one.open and _is_touched(one, at, since_ns):
            when = time_of(at.changed_ns)
            text = (
                f"{was}, and has the same size and time, but was renamed, linked, restored or "
                f"rewritten {when}"
            )
            yield Difference(one.uri, "touched", text, one.open)
        at = next(there, None)
    while at is not None:
        yield _new(at)
        at = next(there, None)


def _new(at: Slice) -> Difference:
    return Difference(at.uri, "new", f"is new, {described(at.uri, at.size, at.version)}")


def _is_touched(one: Planned, at: Slice, since_ns: int) -> bool:
    return at.changed_ns != one.changed_ns if one.changed_ns else at.changed_ns > since_ns
