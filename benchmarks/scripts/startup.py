"""What starting and stopping costs: `python -m benchmarks.scripts.startup --runs 5`.

One block of a hundred rows goes through `ingest.run` (with plan, ledger, contract, publishing) and
through a bare Ray Data script with an actor pool, as the documentation of Ray Data has it; both on
a Ray of their own, and both joining one that runs; ours also joins that of `ingest cluster up`.
Before that it goes through `ingest.run` without Ray, on worker processes and in line. Each run is a
fresh process; they take turns.
`first_s` is from the start of the process to the first result, `fixed_s` to its exit, `cpu_s` what
the processors were busy for meanwhile, where all of it is below that process.
"""

import argparse
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.contenders import environment
from benchmarks.ours import read_run
from benchmarks.scripts.figures import report

WORKERS = 2
JOB = """# @package _global_
name: startup
owner: bench@example.org
description: One block of few rows, for the price of everything around it.
source: {type: parquet, path: in/*.parquet}
contract: {checks: [{type: not_null, columns: [id]}]}
sink: {type: parquet, path: out, write_disposition: overwrite}
"""
Times = tuple[float, float, float]
WITHOUT_RAY = {"processes": "processes", "in_line": "inline"}


class Same:
    """The bare contender's worker."""

    def __call__(self, block: Any) -> Any:
        """Return what came in."""
        return block


def bare(place: Path, address: str) -> None:
    """Read, pass through an actor pool and write, as the documentation of Ray Data does."""
    import ray  # noqa: PLC0415 - its import is part of what is measured
    import ray.data  # noqa: PLC0415

    if address == "local":
        ray.init(address="local", num_cpus=WORKERS, include_dashboard=False, log_to_driver=False)
    else:
        ray.init(address=address, log_to_driver=False)
    # half a CPU each: a pool that takes all CPUs waits for its own reader for ever (ray#44687)
    compute = ray.data.ActorPoolStrategy(size=WORKERS)
    data = ray.data.read_parquet(str(place / "in")).map_batches(
        Same, batch_size=None, batch_format="pyarrow", compute=compute, num_cpus=0.5
    )
    next(iter(data.iter_batches(batch_size=None, prefetch_batches=0)))
    print(f"first {time.time()}", flush=True)


def run_bare(place: Path, address: str) -> Times:
    """Run the bare script; return when the first result was there and when it had ended."""
    began, busy = time.time(), _busy()
    command = [
        sys.executable, "-m", "benchmarks.scripts.startup", "--bare", str(place),
        "--address", address,
    ]  # fmt: skip
    said = _run(command, place)
    first = next(line for line in said.splitlines() if line.startswith("first "))
    return float(first.split()[1]) - began, time.time() - began, _busy() - busy


def run_ours(place: Path, address: str) -> Times:
    """Run our job; return when the first partition was settled and when it had ended.

    The address is that of a Ray, or the name of a cluster that has none.
    """
    cluster = [f"cluster={address}", f"execution.workers={WORKERS}"]
    if address not in {"local", *WITHOUT_RAY.values()}:
        cluster = ["cluster=address", f"cluster.address={address}", cluster[1]]
    command = [
        sys.executable, "-m", "ingest.run", "--conf", "conf", "+job=startup", *cluster,
        "--json", "--progress", "log",
    ]  # fmt: skip
    return timed(command, place, place / ".ingest")


def timed(command: list[str], folder: Path, state: Path) -> Times:
    """Run a command of ours in a folder; return its times. Its receipt is the last line it prints.

    They are seconds from its start to the first partition that was settled, to its end, and those
    that processors were busy.
    """
    began, busy = time.time(), _busy()
    receipt = json.loads(_run(command, folder).splitlines()[-1])
    ended = time.time()
    run = read_run(state / "runs" / receipt["run_id"])
    return run.first - began, ended - began, _busy() - busy


def _busy() -> float:
    """Return for how long processes were busy that have been waited for here."""
    times = os.times()
    return times.children_user + times.children_system


def hold() -> None:
    """Keep a Ray running for others to join, until standard input ends."""
    import ray  # noqa: PLC0415

    context = ray.init(
        address="local", num_cpus=WORKERS, include_dashboard=False, log_to_driver=False
    )
    print(context.address_info["gcs_address"], flush=True)
    sys.stdin.read()
    ray.shutdown()


@contextmanager
def cluster() -> Iterator[str]:
    """Start a Ray in another process; yield its address."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.scripts.startup", "--hold"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as holder:
        assert holder.stdout is not None, "it is a pipe"
        address = next(line.strip() for line in holder.stdout if line[:1].isdigit())
        yield address
        holder.communicate("")


@contextmanager
def kept() -> Iterator[None]:
    """Keep a Ray that later runs with cluster=local join."""
    command = [sys.executable, "-m", "ingest", "cluster"]
    up = [*command, "up", "--cpus", str(WORKERS)]
    subprocess.run(up, check=True, env=environment(), stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        down = [*command, "down"]
        subprocess.run(down, check=True, env=environment(), stdout=subprocess.DEVNULL)


def measure(place: Path, runs: int, *, with_ray: bool = True) -> dict[str, dict[str, float]]:
    """Let all take turns; return their medians."""
    times: dict[str, list[Times]] = {}
    for _ in range(runs):
        for name, without in WITHOUT_RAY.items():
            times.setdefault(name, []).append(run_ours(place, without))
    if with_ray:
        for _ in range(runs):
            times.setdefault("ingest", []).append(run_ours(place, "local"))
            times.setdefault("bare_pool", []).append(run_bare(place, "local"))
        with kept():
            times["joining_kept"] = [run_ours(place, "local") for _ in range(runs)]
        with cluster() as running:
            for _ in range(runs):
                times.setdefault("joining", []).append(run_ours(place, running))
                times.setdefault("bare_joining", []).append(run_bare(place, running))
    return {
        name: {
            "first_s": statistics.median(first for first, _, _ in taken),
            "fixed_s": statistics.median(whole for _, whole, _ in taken),
            "cpu_s": statistics.median(busy for _, _, busy in taken),
        }
        for name, taken in times.items()
    }


def main() -> None:
    """Prepare the job and its input, measure, and print medians and load."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--without-ray", action="store_true", help="only what needs none")
    parser.add_argument("--bare", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--address", default="local", help=argparse.SUPPRESS)
    parser.add_argument("--hold", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.hold:
        return hold()
    if options.bare:
        return bare(options.bare, options.address)
    # of the Ray that is joined; who joins has to say that there is one
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        os.environ["XDG_RUNTIME_DIR"] = str(place / "runtime")  # of the Ray that is kept
        (place / "in").mkdir()
        (place / "conf" / "job").mkdir(parents=True)
        (place / "conf" / "job" / "startup.yaml").write_text(JOB, encoding="utf-8")
        pl.DataFrame({"id": range(100)}).write_parquet(place / "in" / "0.parquet")
        figures = measure(place, options.runs, with_ray=not options.without_ray)
    for name, each in figures.items():
        print(
            f"{name}: first result {each['first_s']:.1f} s, whole {each['fixed_s']:.1f} s, "
            f"CPU {each['cpu_s']:.1f} s"
        )
    print(f"n={options.runs}, load {os.getloadavg()[0]:.1f}")
    report(figures)
    return None


def _run(command: list[str], place: Path) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=300, cwd=place,
        env=environment(),
    )  # fmt: skip
    if done.returncode:
        said = " ".join(done.stderr.split()[-90:])
        raise SystemExit(f"{' '.join(command[1:])}: exit code {done.returncode}: {said}")
    return done.stdout


if __name__ == "__main__":
    main()
