"""Asking the server of the page, without a browser."""

import asyncio
import json
from dataclasses import dataclass, field

from aiohttp.test_utils import TestClient, TestServer

from ingest.storage.objects import LocalStore
from ingest.watch.page.catalogue import Catalogue
from ingest.watch.page.server import Server

LIVE = {"host": "node-9", "pid": 1, "token": "t", "ttl_s": 15, "boot": "b", "namespace": "n"}


@dataclass
class Answer:
    status: int
    headers: dict
    text: str


@dataclass
class Asked:
    """A server over a state: `get` pages, or the first messages of a `stream`."""

    state: object
    catalogue: Catalogue = field(init=False)

    def __post_init__(self):
        self.catalogue = Catalogue(LocalStore(self.state))

    def settle(self):
        """Read everything that the state has by now."""
        while self.catalogue.round():
            pass
        return self.catalogue

    def get(self, path, method="GET", **headers):
        self.settle()

        async def ask(client):
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            async with client.request(method, path, headers=named) as answer:
                return Answer(answer.status, dict(answer.headers), await answer.text())

        return self._with_client(ask)

    def stream(self, path, *steps):
        """Return the parts that were sent before the first step, and after each.

        A step is what is done, and a text that shows that the page has seen it; the first one
        only has a text.
        """
        self.settle()

        async def ask(client):
            messages = []
            async with client.get("/live", params={"path": path}) as answer:
                for act, text in steps:
                    act()
                    messages.append(await _parts(answer, text))
            return messages

        return self._with_client(ask)

    def _with_client(self, ask):
        async def run():
            application = Server(self.catalogue).application()
            async with TestClient(TestServer(application)) as client:
                return await asyncio.wait_for(ask(client), 20)

        return asyncio.run(run())


async def _parts(answer, text):
    parts = {}
    while not any(text in part for part in parts.values()):
        line = await answer.content.readline()
        assert line, "the stream has ended"
        if line.startswith(b"data: "):
            parts |= json.loads(line.removeprefix(b"data: "))
    return parts


def nothing():
    """Only look."""


def leased(state, job):
    """Let somebody on another machine work on a job, whose heartbeat tells whether it lives."""
    folder = state / "jobs" / job / "lease"
    folder.mkdir(parents=True)
    (folder / "000001.json").write_text(json.dumps(LIVE))
    (folder / "000001.beat").write_bytes(b"1")
