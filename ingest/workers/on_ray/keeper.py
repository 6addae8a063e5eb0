"""The process that keeps a Ray running for later runs: `python -m ingest.workers.on_ray.keeper`.

It prints one line once the Ray is there, as JSON and without the token, or the reason why it is
not. It ends, and its Ray with it, when it gets SIGTERM or when a process of that Ray has died.
"""

import os
import signal
import subprocess
import sys
import threading
from importlib.metadata import version

import psutil

from ingest.core.errors import IngestError
from ingest.workers.on_ray import warm
from ingest.workers.processes.forking import THREADS

CHECK_S = 1.0
KEPT = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TZ",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "VIRTUAL_ENV",
)
KEPT_PREFIXES = ("LANG", "LC_", "LD_", "PYTHON", "RAY_")


def launch(cpus: int) -> str:
    """Start the process, detached from this one; return the line that says how it went.

    It gets none of the variables that only a run is to see, such as credentials: each run brings
    its own.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in KEPT or name.startswith(KEPT_PREFIXES)
    }
    with subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "ingest.workers.on_ray.keeper", str(cpus)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd="/",
        env={**kept, **dict.fromkeys(THREADS, "1")},
    ) as started:
        assert started.stdout is not None, "it is a pipe"
        return started.stdout.readline().strip()


class Keeper:
    """Keeps one Ray until it is told to stop. Ray is used in a thread: see `connection`."""

    def __init__(self, cpus: int) -> None:
        self._cpus = cpus
        self._stop = threading.Event()
        self.error = ""

    def stop(self, *_signal: object) -> None:
        """End."""
        self._stop.set()

    def keep(self) -> None:
        """Start a Ray, say where it is, and keep it."""
        from ingest.workers.on_ray.adapter import fallen_part, session_logs  # noqa: PLC0415
        from ingest.workers.on_ray.cluster import address_here, connection, own_token  # noqa: PLC0415

        try:
            with connection("local", self._cpus):
                ours = warm.WarmRay(
                    address=address_here(),
                    token=own_token(),
                    pid=os.getpid(),
                    started=psutil.Process().create_time(),
                    cpus=self._cpus,
                    ray=version("ray"),
                    python=sys.executable,
                    logs=session_logs(),
                )
                warm.write(ours)
                print(ours.model_dump_json(exclude={"token"}), flush=True)
                try:
                    while not self._stop.wait(CHECK_S) and not fallen_part():
                        pass
                finally:
                    warm.forget(ours)
        except (IngestError, OSError) as error:
            self.error = str(error)
            print(self.error.replace("\n", " "), flush=True)
        finally:
            self._stop.set()


def main() -> int:
    """Keep a Ray of so many CPUs."""
    if os.fork():
        os._exit(0)  # so that it is nobody's child who would have to wait for its end
    os.setsid()
    keeper = Keeper(int(sys.argv[1]))
    signal.signal(signal.SIGTERM, keeper.stop)
    thread = threading.Thread(target=keeper.keep, name="ray")
    thread.start()
    while thread.is_alive():  # signals are handled between two waits
        thread.join(CHECK_S)
    return 1 if keeper.error else 0


if __name__ == "__main__":
    sys.exit(main())
