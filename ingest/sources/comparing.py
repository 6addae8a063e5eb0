"""Holding the files that are there against those of a plan.

What makes a local file another one is its size and the time of its last writing, as in the plan.
When its inode was changed (ctime) is looked at too, but does not decide: a rewrite that keeps size
and time sets it, and so do `chmod`, `mv`, hard links (backups by `cp -al` make one for each file)
and putting the planned version back, which is what we ask for if it was changed. So such files are
named, and the run goes on. The inode's number does not decide either: what is restored has another.
"""

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from ingest.core.partition import Slice
from ingest.core.remote import is_remote
from ingest.sources.base import Difference, Planned


def differences(
    planned: Iterable[Planned], found: Iterable[Slice], since: datetime
) -> Iterator[Difference]:
    """Merge the two, both sorted by URI, and return what differs."""
    since_ns = int(since.timestamp() * 1e9)
    there = iter(found)
    at = next(there, None)
    for one in planned:
        while at is not None and at.uri < one.uri:
            yield Difference(at.uri, "new", f"is new, {_what(at.uri, at.size, at.version)}")
            at = next(there, None)
        was = f"was {_what(one.uri, one.size, one.version)}"
        if at is None or at.uri > one.uri:
            yield Difference(one.uri, "vanished", f"{was}, has vanished", one.open)
            continue
        if (at.size, at.version) != (one.size, one.version):
            text = f"{was}, is {_what(at.uri, at.size, at.version)}"
            yield Difference(one.uri, "changed", text, one.open)
        elif one.open and (when := _touched(one.uri, since_ns)):
            text = f"{was}, and is so; but was renamed, linked, restored or rewritten {when}"
            yield Difference(one.uri, "touched", text, one.open)
        at = next(there, None)
    while at is not None:
        yield Difference(at.uri, "new", f"is new, {_what(at.uri, at.size, at.version)}")
        at = next(there, None)


def _touched(uri: str, since_ns: int) -> str:
    """Return when something was done to a local file, if that is after the plan was made."""
    if is_remote(uri):
        return ""
    try:
        changed_ns = os.stat(uri).st_ctime_ns  # noqa: PTH116 - a Path takes five times as long
    except FileNotFoundError:
        return ""  # it went a moment ago: the worker will say so
    return _time(changed_ns) if changed_ns > since_ns else ""


def _what(uri: str, size: int, version: str) -> str:
    if is_remote(uri) or not version.isdecimal():
        return f"{size:,} bytes of version {version}"
    return f"{size:,} bytes written {_time(int(version))}"


def _time(since_1970_ns: int) -> str:
    """Return a time to the nanosecond: two versions may be closer than a microsecond."""
    seconds, rest = divmod(since_1970_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
