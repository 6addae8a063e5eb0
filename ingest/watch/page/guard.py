"""Who may ask for the page: this host's names only, no other site, and what a browser may load."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def guard(hosts: Iterable[str]) -> Middleware:
    """Return what every request passes through: `hosts` are the names that it may ask for.

    Another name in `Host` is an attack (a page whose own name was pointed to this machine), or a
    name that the person who started the server forgot to allow. A page of another origin may link
    here, and nothing else.
    """
    allowed = LOOPBACK | {host.lower() for host in hosts}

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = _name(f"//{request.headers.get('Host', '')}")
        if host not in allowed:
            return refusal(
                421, f'host "{host}" is not allowed. Start with: ingest ui --allow-host {host}'
            )
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.headers["Host"]:
            return refusal(403, "requests of other sites are refused")
        if (
            request.headers.get("Sec-Fetch-Site") == "cross-site"
            and request.headers.get("Sec-Fetch-Mode") != "navigate"
        ):
            return refusal(403, "requests of other sites are refused")
        if request.method not in {"GET", "HEAD"}:
            return refusal(405, "this page is read-only")
        return await handler(request)

    return check


async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Set the headers of every answer, before it is sent."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.pop("Server", None)


def refusal(status: int, text: str) -> web.Response:
    """Return an answer that says in a line of plain text why there is no other."""
    return web.Response(status=status, text=f"{text}\n")


def _name(netloc: str) -> str:
    try:
        return (urlsplit(netloc).hostname or "").lower()
    except ValueError:
        return ""
