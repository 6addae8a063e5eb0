"""Requests to a server as audit events: the libraries that make them raise none."""

import functools
import sys
from collections.abc import Callable
from typing import Any

EVENT = "chaos.request"
"""Its arguments: what is written, by its URI; how, and whether that is answered; the bytes."""


def announce() -> None:
    """Have each request of this process that writes raise an event before and after it is made.

    A death before it is that of a request that was never made; one after it is that of a request
    whose answer nobody has read.
    """
    from ingest.sinks.table.log import Log
    from ingest.storage.bucket import Bucket
    from ingest.storage.postgres.session import Session

    _wrap(Bucket, "put", lambda bucket, name, *_: bucket.uri(name))
    _wrap(Bucket, "create_unread", lambda bucket, name, *_: bucket.uri(name))
    _wrap(Bucket, "copy", lambda bucket, _source, target: bucket.uri(target))
    _wrap(Bucket, "remove", lambda bucket, names: bucket.uri(next(iter(names), "")))
    _wrap(Log, "commit", lambda log, *_: f"{log.place.uri}/_delta_log/commit.json")
    for name in ("execute", "count", "copy", "commit"):
        _wrap(Session, name, lambda session, *_: session._where)


def _wrap(kind: type, name: str, uri_of: Callable[..., str]) -> None:
    request, verb = getattr(kind, name), name.removesuffix("_unread")

    @functools.wraps(request)
    def announced(made_by: Any, *arguments: Any) -> Any:
        if name == "remove":
            arguments = (list(arguments[0]),)  # told more than once
        uri = uri_of(made_by, *arguments)
        data = next((each for each in arguments if isinstance(each, bytes)), b"")
        sys.audit(EVENT, uri, verb, data)
        answer = request(made_by, *arguments)
        sys.audit(EVENT, uri, f"{verb} answered", data)
        return answer

    setattr(kind, name, announced)
