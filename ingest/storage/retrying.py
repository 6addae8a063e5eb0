"""The one place where requests to a storage are made again: backoff, jitter, a limit."""

import logging
import random
import secrets
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, TypeVar

from ingest.core.clock import Clock, SystemClock
from ingest.core.errors import ConfigError, FatalError, RetryableError, ThrottledError
from ingest.storage.store import Store

if TYPE_CHECKING:
    from ingest.storage.bucket import Bucket, Object

log = logging.getLogger(__name__)

T = TypeVar("T")
FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 10.0
HEARTBEAT_TRIES = 3
"""A heartbeat is written again soon anyway."""
FIRST_CONTACT_TRIES = 6
"""While nothing has been answered yet, the address is likely to be wrong."""


class Retrying:
    """Makes requests again that raise `RetryableError`, up to so many times.

    A wait is drawn evenly between 0 and the longest, which doubles from `FIRST_WAIT_S` on (full
    jitter, as in "Exponential Backoff And Jitter", AWS Architecture Blog, 2015); what the store
    asked for (`Retry-After`) is added.
    """

    def __init__(self, max_tries: int, clock: Clock | None = None) -> None:
        self._max_tries = max_tries
        self._clock = clock or SystemClock()
        self._answered = False

    def __call__(self, request: Callable[[], T], most: int | None = None) -> T:
        """Return what the request returns; `most` is another limit for this one.

        Raises:
            FatalError: it was given up. ConfigError if no request was ever answered.
        """
        tries = 0
        while True:
            tries += 1
            try:
                answer = request()
            except RetryableError as error:
                limit = most or self._max_tries
                if tries >= (limit if self._answered else min(limit, FIRST_CONTACT_TRIES)):
                    raise self._given_up(error, tries) from error
                wait_s = _wait_s(error, tries)
                log.info("%s: trying again in %.1f s (try %d)", error, wait_s, tries + 1)
                self._clock.sleep(wait_s)
            else:
                self._answered = True
                return answer

    def _given_up(self, error: RetryableError, tries: int) -> FatalError | ConfigError:
        text = f"{error}, {tries} times in a row"
        if self._answered:
            return FatalError(f"{text}. Check the storage and the network, then run again")
        return ConfigError(
            f"{text}. Check the network, the bucket's name, and the endpoint (AWS_ENDPOINT_URL, or "
            "the connection's)"
        )


class Requesting(Store, Protocol):
    """A store that makes each request once, and knows a repeated `create` by its token."""

    def create(self, name: str, data: bytes, token: str = "") -> bool:
        """Write an object only if there is none; true too if this token's request has."""
        ...


class RetryingStore:
    """Passes everything on to a store, and again where that raises `RetryableError`."""

    def __init__(self, store: Requesting, max_tries: int, clock: Clock | None = None) -> None:
        self._store = store
        self._again = Retrying(max_tries, clock)

    def uri(self, name: str = "") -> str:
        """Return where an object is."""
        return self._store.uri(name)

    def create(self, name: str, data: bytes) -> bool:
        """Create, with one token for all tries: whose answer was lost is known by it."""
        token = secrets.token_hex(8)
        return self._again(lambda: self._store.create(name, data, token))

    def replace(self, name: str, data: bytes) -> None:
        """Replace; given up soon, because it is a heartbeat."""
        self._again(lambda: self._store.replace(name, data), HEARTBEAT_TRIES)

    def read(self, name: str) -> bytes:
        """Read."""
        return self._again(lambda: self._store.read(name))

    def exists(self, name: str) -> bool:
        """Look."""
        return self._again(lambda: self._store.exists(name))

    def names(self, folder: str) -> list[str]:
        """List."""
        return self._again(lambda: self._store.names(folder))

    def size(self, name: str) -> int:
        """Measure."""
        return self._again(lambda: self._store.size(name))

    def remove(self, name: str) -> None:
        """Remove."""
        self._again(lambda: self._store.remove(name))


class RetryingBucket:
    """Passes everything on to a bucket, and again where that raises `RetryableError`."""

    def __init__(self, bucket: "Bucket", max_tries: int, clock: Clock | None = None) -> None:
        self._bucket = bucket
        self._again = Retrying(max_tries, clock)

    def uri(self, name: str = "") -> str:
        """Return where an object is."""
        return self._bucket.uri(name)

    def put(self, name: str, data: bytes | Path | BinaryIO) -> None:
        """Put."""
        self._again(lambda: self._bucket.put(name, data))

    def create(self, name: str, data: bytes) -> bool:
        """Create, with one token for all tries: whose answer was lost is known by it."""
        token = secrets.token_hex(8)
        return self._again(lambda: self._bucket.create(name, data, token))

    def flaw(self, probe: str) -> str:
        """See whether `create` can be relied on."""
        return self._again(lambda: self._bucket.flaw(probe))

    def read(self, name: str) -> bytes:
        """Read."""
        return self._again(lambda: self._bucket.read(name))

    def fetch(self, name: str, file: BinaryIO) -> None:
        """Read into a file, from the beginning each time."""
        self._again(lambda: self._bucket.fetch(name, file))

    def size(self, name: str) -> int | None:
        """Measure."""
        return self._again(lambda: self._bucket.size(name))

    def names(self, folder: str) -> list[str]:
        """List what lies directly below a prefix."""
        return self._again(lambda: self._bucket.names(folder))

    def objects(self, folder: str = "") -> "Iterator[Object]":
        """List what lies below a prefix; continuing behind the last page that was answered."""
        pages: Iterator[list[Object]] | None = None
        last = ""

        def next_page() -> "list[Object] | None":
            nonlocal pages
            pages = pages or self._bucket.pages(folder, last)
            try:
                return next(pages, None)
            except RetryableError:
                pages = None  # an iterator that has raised has ended
                raise

        while page := self._again(next_page):
            yield from page
            last = page[-1].name

    def copy(self, source: str, target: str) -> None:
        """Copy."""
        self._again(lambda: self._bucket.copy(source, target))

    def remove(self, names: Iterable[str]) -> None:
        """Delete."""
        listed = list(names)
        self._again(lambda: self._bucket.remove(listed))


def _wait_s(error: RetryableError, tries: int) -> float:
    longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (tries - 1))
    drawn = random.uniform(0, longest)  # noqa: S311 - spreads load, guards nothing
    asked = error.retry_after_s if isinstance(error, ThrottledError) else None
    return drawn + (asked or 0.0)
