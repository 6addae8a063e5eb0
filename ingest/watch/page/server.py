"""The server of the page: its routes, the stream of changes, the metrics of all runs."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from ingest.watch.metrics.collector import Runs
from ingest.watch.page.catalogue import Catalogue
from ingest.watch.page.guard import add_headers, guard, refusal
from ingest.watch.page.rendering import STATIC, View, changed
from ingest.watch.page.views import job_view, jobs_view, missing_view, run_view, runs_view

UPDATE_S = 1.0
ALIVE_S = 15.0
FIRST_S = 0.12
STREAMS = 200
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_OF_A_LOCAL_DISK_S, _OF_A_BUCKET_S = 0.5, 2.0


class Server:
    """Shows a catalogue, which a thread of its own keeps up to date while the server runs.

    `here` are the options that lead a command to the state. What several browsers look at is
    rendered once.
    """

    def __init__(self, catalogue: Catalogue, here: str = "", hosts: Iterable[str] = ()) -> None:
        self.catalogue = catalogue
        self._here = here
        self._hosts = tuple(hosts)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep_up, name="catalogue", daemon=True)
        self._streams = 0
        self._rendered: dict[str, tuple[int, float, dict[str, str]]] = {}
        self._registry = CollectorRegistry()
        self._registry.register(Runs(catalogue.watched))

    def application(self) -> web.Application:
        """Return the application, which starts and stops the thread."""
        application = web.Application(middlewares=[guard(self._hosts)])
        application.on_response_prepare.append(add_headers)
        application.on_startup.append(self._start)
        application.on_shutdown.append(self._end)
        get = application.router.add_get
        get("/", self._page)
        get("/jobs", self._page)
        get("/jobs/{job}", self._page)
        get("/runs/{run}", self._page)
        get("/runs/{run}/receipt.json", self._receipt)
        get("/live", self._live)
        get("/metrics", self._metrics)
        get("/static/{name}", self._static)
        get("/{rest:.*}", self._missing)
        return application

    async def _start(self, _: web.Application) -> None:
        self._thread.start()

    async def _end(self, _: web.Application) -> None:
        self._stop.set()

    def _keep_up(self) -> None:
        pause_s = _OF_A_LOCAL_DISK_S if self.catalogue.store.is_local else _OF_A_BUCKET_S
        while not self._stop.is_set():
            more = self.catalogue.round()
            self.catalogue.wake.wait(0.001 if more else pause_s)
            self.catalogue.wake.clear()

    def _view(self, path: str, query: Mapping[str, str]) -> View:
        """Return what is at a place, as of now."""
        match path.strip("/").split("/"):
            case [""]:
                return runs_view(self.catalogue, query)
            case ["jobs"]:
                return jobs_view(self.catalogue, query)
            case ["jobs", job]:
                return job_view(self.catalogue, job)
            case ["runs", run_id]:
                return run_view(self.catalogue, run_id, self._here)
        return missing_view(self.catalogue, f'there is no page "{path}" here')

    async def _page(self, request: web.Request) -> web.Response:
        await self._first_look(request.match_info.get("run", ""))
        with self.catalogue.lock:
            view = self._view(request.path, request.query)
            html = view.page()
        return web.Response(text=html, content_type="text/html", status=view.status)

    async def _first_look(self, run_id: str) -> None:
        """Wait, but only shortly, until the catalogue has read a run, or any if none is named."""
        deadline = time.monotonic() + FIRST_S
        while time.monotonic() < deadline:
            with self.catalogue.lock:
                followed = self.catalogue.followed(run_id) if run_id else None
                ready = followed.is_shown if followed else bool(self.catalogue.entries)
            if ready:
                return
            self.catalogue.wake.set()
            await asyncio.sleep(0.01)

    async def _live(self, request: web.Request) -> web.StreamResponse:
        """Stream the parts of a page that change, each as JSON: id of the element, and HTML."""
        if self._streams >= STREAMS:
            return refusal(503, "too many pages are open. Close some of them")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        self._streams += 1
        with suppress(ConnectionError, asyncio.CancelledError):
            await response.prepare(request)
            await response.write(b"retry: 2000\n\n")
            await self._stream(request, response)
        self._streams -= 1
        return response

    async def _stream(self, request: web.Request, response: web.StreamResponse) -> None:
        path = request.query.get("path", "/")
        query = {name: value for name, value in request.query.items() if name != "path"}
        before: dict[str, str] = {}
        await self._first_look(path.removeprefix("/runs/") if path.startswith("/runs/") else "")
        said_at = time.monotonic()
        while not self._stop.is_set():
            after = self._parts(path, query)
            if parts := changed(before, after):
                text = json.dumps(parts)
                await response.write(f"data: {text}\n\n".encode())
                said_at = time.monotonic()
            elif time.monotonic() - said_at > ALIVE_S:
                await response.write(b": still here\n\n")
                said_at = time.monotonic()
            before = after
            await asyncio.sleep(UPDATE_S)

    def _parts(self, path: str, query: dict[str, str]) -> dict[str, str]:
        """Return the live parts of a page, rendered at most once for each state of the catalogue.

        Also while nothing happens a rate sinks and a lease expires: so not for longer than 2 s.
        """
        key = json.dumps([path, sorted(query.items())])
        now = time.monotonic()
        version, at, parts = self._rendered.get(key, (-1, 0.0, {}))
        if version != self.catalogue.version or now - at > 2 * UPDATE_S:
            with self.catalogue.lock:
                version = self.catalogue.version
                parts = self._view(path, query).parts()
            self._rendered[key] = version, now, parts
        for old in [name for name, (_, made_at, _) in self._rendered.items() if now - made_at > 10]:
            del self._rendered[old]
        return parts

    async def _receipt(self, request: web.Request) -> web.Response:
        await self._first_look(request.match_info.get("run", ""))
        with self.catalogue.lock:
            followed = self.catalogue.followed(request.match_info["run"])
            receipt = followed.receipt if followed else None
        if receipt is None:
            return refusal(404, "this run has no receipt: only a run that is done has one")
        return web.json_response(receipt, dumps=_indented)

    async def _metrics(self, _: web.Request) -> web.Response:
        with self.catalogue.lock:
            body = generate_latest(self._registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _static(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in STATIC:
            return refusal(404, "there is no such file")
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        kind = _TYPES[Path(name).suffix]
        return web.Response(body=STATIC[name], content_type=kind, charset="utf-8", headers=headers)

    async def _missing(self, request: web.Request) -> web.Response:
        with self.catalogue.lock:
            view = missing_view(self.catalogue, f'there is no page "{request.path}" here')
            return web.Response(text=view.page(), content_type="text/html", status=404)


_indented: Callable[[object], str] = json.JSONEncoder(indent=1).encode
