"""Pictures of the live page: `make screenshots`."""

import sys
import tempfile
import threading
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks.scripts.recorded import Recorded, now
from ingest.records.lease import Lease
from ingest.storage.objects import LocalStore
from tests.services import chromium

JOBS = {"orders": (40, 21_000), "customers": (24, 1_200), "payments": (60, 800),
        "clickstream": (2_400, 90_000), "inventory": (52, 4_000)}  # fmt: skip
LIVE = {"orders": 28, "clickstream": 1_300}
WINDOWS = {"light": (1400, 900, "light"), "dark": (1400, 900, "dark"), "phone": (390, 844, "light")}


def main():
    """Make a state, let two of its runs go on, and look at every page in every window."""
    to = Path(sys.argv[1] if len(sys.argv) > 1 else "dist/screenshots")
    to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        live = _state(Path(folder))
        stop = threading.Event()
        threading.Thread(target=_grow, args=(Path(folder), live, stop), daemon=True).start()
        with chromium.served(folder) as address:
            _look(address, to, live[0].run_id)
        stop.set()
    print(f"{len(list(to.glob('*.png')))} pictures in {to}")


def _state(folder):
    number = 0
    for job, (partitions, rows) in JOBS.items():
        for age in range(30, 0, -1):
            number += 1
            ending = "failed" if number % 23 == 5 else "done"
            size = min(partitions, 60) + number % 3
            Recorded(job, now() - timedelta(hours=7 * age, minutes=number), number, size,
                     rows * (3 if number % 41 == 9 else 1), 1.9 if number % 37 == 4 else 0.4,
                     size // 2 if ending == "failed" else None, ending,
                     9 if number % 5 == 0 else 0, 11 if number % 6 == 0 else 0,
                     ).write(folder)  # fmt: skip
    live = [
        Recorded(job, now() - timedelta(seconds=completed // 2), 9_000, *JOBS[job],
                 completed=completed, ending="", rejecting=6, retrying=13)
        for job, completed in LIVE.items()
    ]  # fmt: skip
    for run in live:
        run.write(folder)
        sink = {"sink": f"/out/{run.job}"}
        Lease.acquire(LocalStore(folder), f"jobs/{run.job}/lease", run.job, sink)
    return live


def _grow(folder, live, stop):
    done = [run.completed for run in live]
    while not stop.wait(2):
        for place, run in enumerate(live):
            if done[place] < run.partitions:
                run.append(folder, run.settled(range(done[place], done[place] + 1)))
                done[place] += 1
            status = folder / "runs" / run.run_id / "status.json"
            rest = range(done[place], min(done[place] + 4, run.partitions))
            status.write_text(f'{{"format": 1, "working": {list(rest)}}}')


def _look(address, to, run_id):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.program(), args=["--no-sandbox"]
        )
        for window, (width, height, scheme) in WINDOWS.items():
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme
            )
            page = context.new_page()
            for name, path in {"runs": "/", "jobs": "/jobs", "job": "/jobs/orders",
                               "run": f"/runs/{run_id}"}.items():  # fmt: skip
                page.goto(address + path)
                page.wait_for_timeout(2_500)
                page.screenshot(path=to / f"{name}-{window}.png", full_page=name == "run")
            page.goto("about:blank")
        browser.close()


if __name__ == "__main__":
    main()
