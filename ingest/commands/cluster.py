"""`ingest cluster`: keep a Ray running on this machine, so that runs need not start one."""

import json
import os
import time
from argparse import Namespace
from collections.abc import Sequence
from contextlib import suppress

import psutil

from ingest.commands.base import parser
from ingest.core.counts import counted
from ingest.core.errors import ConfigError, FatalError

ACTIONS = ("up", "down", "status")
END_S = 20.0  # what the end of a Ray may take
EXAMPLE = """ingest cluster up
  ingest cluster status
  ingest cluster down"""


def main(argv: Sequence[str] | None = None) -> int:
    """Start the warm Ray, end it, or say whether it is there; return the exit code."""
    options = parser(
        "cluster",
        "Keep a Ray running on this machine. Runs with cluster=local use it instead of starting "
        "one of their own, as long as it has CPUs free. `up` starts it, `down` ends only this Ray, "
        "`status` says whether it is running. It is only for you: other users cannot "
        "connect to it.",
        EXAMPLE,
    )
    options.add_argument("action", choices=ACTIONS, metavar="ACTION", help="up, down or status")
    options.add_argument(
        "--cpus", type=int, metavar="N", help="for up: how many CPUs it has (default: all)"
    )
    options.add_argument("--json", action="store_true", help="for status: print it as JSON")
    arguments = options.parse_args(argv)
    if arguments.cpus is not None and arguments.action != "up":
        raise ConfigError("command line: --cpus: is for up. Remove it")
    return {"up": _up, "down": _down, "status": _status}[arguments.action](arguments)


def _up(arguments: Namespace) -> int:
    from ingest.workers.on_ray.keeper import launch  # noqa: PLC0415 - keeps --help quick
    from ingest.workers.on_ray.warm import alone, read  # noqa: PLC0415

    cores = os.cpu_count() or 1
    cpus = cores if arguments.cpus is None else arguments.cpus
    if not 1 <= cpus <= cores:
        raise ConfigError(f"command line: --cpus: {cpus}. This machine has 1 to {cores}")
    with alone():
        warm = read()
        if warm and warm.is_alive:
            raise ConfigError(
                f"cluster: a Ray is running already ({warm.address}, {counted(warm.cpus, 'CPU')}). "
                "Use it, or end it first: ingest cluster down"
            )
        began = time.monotonic()
        said = launch(cpus)
    if not said.startswith("{"):
        raise FatalError(said or "cluster: the process that keeps Ray ended without a word")
    facts = json.loads(said)
    print(f"Ray is running: {facts['address']}, {counted(cpus, 'CPU')}, logs {facts['logs']}")
    print(f"It took {time.monotonic() - began:.1f} s. Runs with cluster=local use it from now on.")
    print("To end it: ingest cluster down")
    return 0


def _down(_arguments: Namespace) -> int:
    from ingest.workers.on_ray.warm import forget, read  # noqa: PLC0415

    warm = read()
    if warm is None or not warm.is_alive:
        if warm:
            forget(warm)
        print("No Ray of `ingest cluster up` is running")
        return 0
    processes: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        keeper = psutil.Process(warm.pid)
        processes = [keeper, *keeper.children(recursive=True)]
        keeper.terminate()
    _, alive = psutil.wait_procs(processes, timeout=END_S)
    for process in alive:  # its own processes only, whatever else of Ray runs on this machine
        with suppress(psutil.NoSuchProcess):
            process.kill()
    forget(warm)
    print(f"Ended the Ray at {warm.address}")
    return 0


def _status(arguments: Namespace) -> int:
    from ingest.workers.on_ray.warm import read  # noqa: PLC0415

    warm = read()
    running = warm is not None and warm.is_alive
    unfit = warm.unfit if warm and running else ""
    if arguments.json:
        facts = warm.model_dump(exclude={"token"}) if warm and running else {}
        print(json.dumps({"running": running, "unfit": unfit, **facts}))
    elif warm is None or not running:
        print("No Ray of `ingest cluster up` is running")
    else:
        age = time.time() - warm.started
        print(f"Ray is running: {warm.address}, {counted(warm.cpus, 'CPU')}, for {age:,.0f} s")
        print(f"  process {warm.pid}, logs {warm.logs}")
        print(f"  Runs do not use it: {unfit}" if unfit else "  Runs with cluster=local use it")
    return 0 if running and not unfit else 1
