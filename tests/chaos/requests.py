"""Requests to a server as audit events: the libraries that make them raise none."""

import functools
import sys
from collections.abc import Callable, Iterable
from typing import Any

EVENT = "chaos.request"
"""Its arguments: what is written, by its URI; how, and whether that is answered; the bytes."""


def announce() -> None:
    """Have each request of this process that writes raise an event before and after it is made.

    A death before it is that of a request that was never made; one after it is that of a request
    whose answer nobody has read.
    """
    from ingest.sinks.table.log import Log  # only where there are requests
    from ingest.storage.bucket import Bucket

    _wrap(Bucket, "put", Bucket.uri)
    _wrap(Bucket, "create_unread", Bucket.uri)
    _wrap(Bucket, "copy", lambda bucket, _source, target: bucket.uri(target))
    _wrap(Bucket, "remove", lambda bucket, names: bucket.uri(next(iter(names), "")))
    _wrap(Log, "commit", lambda log, *_: f"{log.place.uri}/_delta_log/commit.json")


def _wrap(kind: type, name: str, uri_of: Callable[..., str]) -> None:
    request, verb = getattr(kind, name), name.removesuffix("_unread")

    @functools.wraps(request)
    def announced(made_by: Any, what: str | Iterable[str] = "", *more: Any, **named: Any) -> Any:
        what = what if isinstance(what, str) else list(what)  # what is removed is told once
        uri = uri_of(made_by, what, *more[: verb == "copy"])
        data = more[0] if more and isinstance(more[0], bytes) else b""
        sys.audit(EVENT, uri, verb, data)
        answer = request(made_by, what, *more, **named)
        sys.audit(EVENT, uri, f"{verb} answered", data)
        return answer

    setattr(kind, name, announced)
