"""What the live page costs: `python -m benchmarks.scripts.page`.

Three states are made up (see `recorded`): one of 10,000 runs, one with a run of 100,000 partitions,
and one of 200 runs of which 50 are not over while 10 browsers look at four pages. Updates are
measured as the browser sees them, from the request on, and as the CPU time of the server, which
other work on the machine does not change; memory is that of its process.
"""

import argparse
import asyncio
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import psutil
from aiohttp import ClientSession, ClientTimeout

from benchmarks.scripts.figures import report
from benchmarks.scripts.recorded import Recorded, now
from ingest.records.lease import Lease
from ingest.storage.objects import LocalStore

PORT = 8279
BASE = f"http://127.0.0.1:{PORT}"
BROWSERS, SECONDS, REQUESTS = 10, 10.0, 20
Figures = dict[str, float]


def main() -> None:
    """Measure what is asked for, everything if nothing is."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("what", nargs="*", choices=[*MEASURES, []], default=[])
    figures: dict[str, Figures] = {}
    for name in options.parse_args().what or MEASURES:
        folder = Path(tempfile.mkdtemp(prefix="page-"))
        try:
            figures[name] = MEASURES[name](folder)
        finally:
            shutil.rmtree(folder)
        for what, value in figures[name].items():
            print(f"{name:<12} {what:<28} {value:>10.1f}", flush=True)
    report(figures)


def many_runs(folder: Path) -> Figures:
    """10,000 runs of 50 jobs: how soon the page is there, and `ingest status`."""
    began = now()
    for number in range(10_000):
        ending = "failed" if number % 50 == 7 else "done"
        at = began - timedelta(minutes=10 * (10_000 - number))
        run = Recorded(f"job_{number % 50:02}", at, number, ending=ending, rejecting=3)
        run.write(folder)
    figures = {
        "status_cpu_s": _status(folder),
        "status_job_cpu_s": _status(folder, "--job", "job_07"),
    }
    return figures | asyncio.run(_served(folder, _list_is_read))


def long_run(folder: Path) -> Figures:
    """A run of 100,000 partitions that is not over: how long an update of its page takes."""
    run = Recorded("long", now() - timedelta(hours=20), partitions=100_000, rows=50_000,
                   completed=98_100, ending="", rejecting=97, retrying=1009)  # fmt: skip
    run.write(folder)
    run.snapshot(folder)
    run.append(folder, run.settled(range(98_100, 99_000)))
    with Lease.acquire(LocalStore(folder), "jobs/long/lease", "long", {"sink": "/out/long"}):
        figures = {"status_run_cpu_s": _status(folder, run.run_id)}

        async def look(session: ClientSession, server: psutil.Process) -> Figures:
            path = f"/runs/{run.run_id}"
            first = await _first_paint(session, path)
            await _until(session, path, "Reading the ledger", absent=True)
            task = asyncio.create_task(_grow(folder, [run], 99_000))
            measured = await _watched(session, [path], server)
            task.cancel()
            return {"first_paint_ms": first, **measured}

        return figures | asyncio.run(_served(folder, look))


def many_browsers(folder: Path) -> Figures:
    """200 runs, 50 of which are not over, seen by 10 browsers."""
    began = now()
    for number in range(150):
        at = began - timedelta(minutes=30 * (150 - number))
        Recorded(f"job_{number % 50:02}", at, number, partitions=40, rejecting=5).write(folder)
    live = [
        Recorded(f"job_{number:02}", began - timedelta(seconds=40), 1000 + number,
                 partitions=2_000, completed=60, ending="", rejecting=9)
        for number in range(50)
    ]  # fmt: skip
    leases = []
    for run in live:
        run.write(folder)
        store = LocalStore(folder)
        sink = {"sink": f"/out/{run.job}"}
        leases.append(Lease.acquire(store, f"jobs/{run.job}/lease", run.job, sink))

    async def look(session: ClientSession, server: psutil.Process) -> Figures:
        await _until(session, "/", 'figure-running">50<')
        task = asyncio.create_task(_grow(folder, live, 60))
        every = ["/", "/jobs", f"/runs/{live[0].run_id}", f"/jobs/{live[1].job}"]
        measured = await _watched(session, every * 3, server)
        task.cancel()
        return measured

    try:
        return asyncio.run(_served(folder, look))
    finally:
        for lease in leases:
            lease.end()


MEASURES: dict[str, Callable[[Path], Figures]] = {
    "many_runs": many_runs, "long_run": long_run, "many_browsers": many_browsers,
}  # fmt: skip


def _status(folder: Path, *words: str) -> float:
    """Return how many CPU-seconds `ingest status` takes, the best of three."""
    command = [str(Path(sys.executable).with_name("ingest")), "status", "--state", str(folder)]

    def once() -> float:
        before = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
        subprocess.run([*command, *words], check=True, stdout=subprocess.DEVNULL)
        return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - before

    return min(once() for _ in range(3))


async def _served(
    folder: Path, look: Callable[[ClientSession, psutil.Process], Awaitable[Figures]]
) -> Figures:
    command = [str(Path(sys.executable).with_name("ingest")), "ui", "--port", str(PORT)]
    began = time.perf_counter()
    process = subprocess.Popen([*command, "--state", str(folder)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        started = time.perf_counter() - began
        server = psutil.Process(process.pid)
        with suppress(OSError):
            server.cpu_affinity([0])
        async with ClientSession(BASE, timeout=ClientTimeout(total=None)) as session:
            return {"start_s": started, **await look(session, server)}
    finally:
        process.terminate()
        process.wait()


async def _list_is_read(session: ClientSession, server: psutil.Process) -> Figures:
    first = await _first_paint(session, "/")
    began = time.perf_counter()
    await _until(session, "/", "Reading earlier runs", absent=True)
    figures = {"first_paint_ms": first, "all_read_s": time.perf_counter() - began}
    for name, path in {"list": "/", "search": "/?q=job_07+failed", "jobs": "/jobs",
                       "job": "/jobs/job_07", "metrics": "/metrics"}.items():  # fmt: skip
        figures[f"{name}_cpu_ms"] = await _cost(session, path, server)
    return figures | {"rss_mb": server.memory_info().rss / 1e6}


async def _first_paint(session: ClientSession, path: str) -> float:
    """Return in milliseconds how long a page takes, with its style and script."""
    began = time.perf_counter()
    for each in (path, "/static/page.css", "/static/page.js"):
        async with session.get(each) as answer:
            await answer.read()
    return 1e3 * (time.perf_counter() - began)


async def _cost(session: ClientSession, path: str, server: psutil.Process) -> float:
    """Return the CPU time of the server for a page, in milliseconds."""
    before = sum(server.cpu_times()[:2])
    for _ in range(REQUESTS):
        await _first_paint(session, path)
    return 1e3 * (sum(server.cpu_times()[:2]) - before) / REQUESTS


async def _until(session: ClientSession, path: str, text: str, *, absent: bool = False) -> None:
    while True:
        async with session.get(path) as answer:
            if (text in await answer.text()) != absent:
                return
        await asyncio.sleep(0.05)


async def _watched(session: ClientSession, paths: list[str], server: psutil.Process) -> Figures:
    """Let browsers look for a while; return the server's share of a core, and times of requests."""
    streams = [
        asyncio.create_task(_browser(session, paths[number % len(paths)]))
        for number in range(BROWSERS if len(paths) > 1 else 1)
    ]
    before, began = sum(server.cpu_times()[:2]), time.perf_counter()
    times: list[float] = []
    while time.perf_counter() - began < SECONDS:
        times.append(await _first_paint(session, paths[len(times) % len(paths)]))
        await asyncio.sleep(0.5)
    took = time.perf_counter() - began
    for stream in streams:
        stream.cancel()
    received = sum(await asyncio.gather(*streams))
    return {
        "cpu_percent": 100 * (sum(server.cpu_times()[:2]) - before) / took,
        "request_median_ms": statistics.median(times),
        "request_max_ms": max(times),
        "messages_per_s": received / took,
        "rss_mb": server.memory_info().rss / 1e6,
    }


async def _browser(session: ClientSession, path: str) -> int:
    """Return how many messages came, when told to stop."""
    count = 0
    with suppress(asyncio.CancelledError):
        async with session.get("/live", params={"path": path}) as answer:
            while line := await answer.content.readuntil(b"\n"):
                count += line.startswith(b"data")
    return count


async def _grow(folder: Path, runs: list[Recorded], completed: int) -> None:
    """Complete two partitions of each run in a second."""
    while True:
        for run in runs:
            run.append(folder, run.settled(range(completed, completed + 2)))
        completed += 2
        await asyncio.sleep(1)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    main()
