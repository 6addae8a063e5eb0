"""Fails a test of which a run comes to an event of OpenLineage that the schemas do not allow.

What a test leaves behind is looked at when it ends: its folder, and the buckets that it can reach.
What it removes before, a folder or by `ingest clean` a run, is looked at when that begins. What
several tests share is looked at when the last test of the process has ended. Not seen is what a
process that a test has started removes itself.
"""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from ingest.records.endings import REMOVED
from tests.lineage.ledgers import local, mistakes, runs_at, runs_in
from tests.services.bucket import MADE


class Watch:
    """Judges each run once, and again if something has been added to its ledger.

    `test` is the one that runs, empty between two. `folders` are those of tests, and of what they
    share, with the first test that had them; `done` are those that no test will come back to.
    """

    def __init__(self) -> None:
        self.test = ""
        self._process = os.getpid()  # workers are forked, and what they saw would be lost
        self.judged: dict[str, int] = {}
        self.wrong: list[str] = []
        self.folders: dict[Path, str] = {}
        self.done: set[Path] = set()

    def folder(self, folder: Path) -> None:
        """Look at the runs below a folder of this disk, or at the one in which it lies."""
        with suppress(OSError):  # another process removes it
            for state, run_id in runs_at(folder):
                ledger = state / "runs" / run_id / "ledger"
                self._judge(str(ledger), ledger.stat().st_mtime_ns, local(state), run_id)

    def buckets(self) -> None:
        """Look at the runs in all buckets that there are; their servers end with the last tests."""
        for bucket in list(MADE):
            server = urlsplit(bucket.url)
            try:
                socket.create_connection((server.hostname, server.port), 5).close()
            except OSError:
                MADE.discard(bucket)
                continue
            for store, run_id in runs_in(bucket):
                written = len(store.names(f"runs/{run_id}/ledger"))
                self._judge(store.uri(run_id), written, store, run_id)

    def _judge(self, name: str, written: int, store: Any, run_id: str) -> None:
        if self.judged.get(name) != written:
            self.judged[name] = written
            self.wrong += mistakes(store, run_id)

    def seen(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Look at what is about to be removed. Called by Python, see `sys.addaudithook`."""
        if event not in {"shutil.rmtree", "os.link"} or not self.test:
            return
        if os.getpid() != self._process:
            return
        if event == "shutil.rmtree":
            self.folder(Path(os.fsdecode(arguments[0])).absolute())
        elif str(arguments[1]).endswith(f"/{REMOVED}"):
            self.folder(Path(arguments[1]).parent)

    def told(self) -> None:
        """Fail the test that runs if something was wrong."""
        wrong, self.wrong = self.wrong, []
        if wrong:
            pytest.fail("\n".join(["not as OpenLineage's schemas say:", *wrong]), pytrace=False)


WATCH = Watch()
sys.addaudithook(WATCH.seen)


@pytest.fixture(scope="session", autouse=True)
def shared_states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Note which folders there are; look, at the end, at what no single test was asked about."""
    make = tmp_path_factory.mktemp

    def noted(basename: str, numbered: bool = True) -> Path:
        folder = make(basename, numbered)
        WATCH.folders[folder] = WATCH.test
        return folder

    tmp_path_factory.mktemp = noted
    yield
    tmp_path_factory.mktemp = make
    for folder, test in WATCH.folders.items():
        if folder not in WATCH.done:
            before = len(WATCH.wrong)
            WATCH.folder(folder)
            WATCH.wrong[before:] = [f"{test} or later: {one}" for one in WATCH.wrong[before:]]
    WATCH.told()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Note which test runs."""
    WATCH.test = item.nodeid
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[object]:
    """Look at what a test that has passed leaves behind."""
    result = yield
    used = getattr(item, "funcargs", {})
    if (folder := used.get("tmp_path")) is not None:
        WATCH.folder(folder)
        WATCH.done.add(folder)
    WATCH.buckets()
    WATCH.told()
    return result


def pytest_runtest_logfinish() -> None:
    """Note that no test runs."""
    WATCH.test = ""
