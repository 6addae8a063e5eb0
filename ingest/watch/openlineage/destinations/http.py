"""Events to an HTTP address, as Marquez, DataHub and OpenMetadata take them."""

import time
from typing import Any, Self
from urllib.error import HTTPError, URLError
from urllib.parse import urljoin
from urllib.request import Request, urlopen

from ingest.watch.openlineage.destinations.base import Destination, text_of
from ingest.watch.openlineage.telling import Told

_KEYS = {"type", "url", "endpoint", "timeout", "auth", "custom_headers"}
_TRIES, _WAIT_S = 3, 0.2
_FAULTS = 500
"""A status from here on is the server's fault, and may be another one in a moment."""


class Http(Destination):
    """Posts each event; what the server may take in a moment is tried three times."""

    def __init__(self, url: str, headers: dict[str, str], timeout_s: float) -> None:
        self._url = url
        self._headers = {"Content-Type": "application/json", **headers}
        self._timeout_s = timeout_s

    @classmethod
    def of(cls, transport: dict[str, Any]) -> Self | None:
        """Return what posts as a transport says; None if it is not for this one."""
        url, auth = transport.get("url"), transport.get("auth") or {}
        if not isinstance(url, str) or transport.keys() - _KEYS:
            return None
        if not url.startswith(("http://", "https://")):
            raise ValueError(f'"{url}" is not an address. Write http://HOST:PORT')
        headers = dict(transport.get("custom_headers") or {})
        if auth:
            key = next((auth[name] for name in ("apiKey", "apikey", "api_key") if name in auth), "")
            if auth.get("type") != "api_key" or not key:
                return None
            headers["Authorization"] = f"Bearer {key}"
        where = urljoin(url.strip(), str(transport.get("endpoint", "api/v1/lineage")))
        return cls(where, headers, float(transport.get("timeout", 5.0)))

    def send(self, event: Told) -> None:
        """Post an event."""
        body = text_of(event).encode()
        request = Request(self._url, body, self._headers, method="POST")  # noqa: S310 - see `of`
        for left in reversed(range(_TRIES)):
            try:
                with urlopen(request, timeout=self._timeout_s):  # noqa: S310 - see `of`
                    self.answered = True
                    return
            except HTTPError as error:
                error.close()
                if error.code < _FAULTS or not left:
                    raise
            except URLError:
                if not left:
                    raise
            time.sleep(_WAIT_S)
