"""What the workers of a private Ray are forked from, on Linux; see decision 0035.

Each of a run's seven or more processes would import Ray, and most of them Ray Data and Polars, too:
2 CPU-seconds each. This one imports them once. The raylet starts it in place of one of its agents,
and starts workers by way of `birth.py`, which sends to it what the raylet wants to be executed.

It runs no threads of its own, and ends with the raylet.
"""

import atexit
import gc
import json
import os
import runpy
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

CHECK_S = 0.5  # how often it looks whether the raylet is there
SEND_S = 5.0  # what one who asks may take to say what for
SIZE_BYTES = 8
ANY_JOB = "ffffffff"  # Ray's id of no job
FIRST_TO_GO = "1000"  # for the kernel, if memory runs out: workers before all else
INIT = 1  # the raylet has died before this began

Written = dict[str, int]
"""When each file that was imported was last written."""


def serve(place: str) -> NoReturn:
    """Fork workers for those who ask at the socket of this name, until the raylet is dead."""
    raylet = os.getppid()
    # Ray's core reads these once: a worker that any job may use, and the parent that it ends with
    os.environ |= {"RAY_JOB_ID": ANY_JOB, "RAY_RAYLET_PID": str(raylet)}
    with socket.socket(socket.AF_UNIX) as door:
        usual = os.umask(0o077)  # only this user may have processes started here
        door.bind(place)
        os.umask(usual)
        door.listen(128)  # who comes while we import waits
        door.settimeout(CHECK_S)
        known = _import()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the raylet does not wait for workers
        while raylet != INIT and os.getppid() == raylet:
            with suppress(OSError, ValueError):
                asker, _ = door.accept()
                with asker:
                    _answer(asker, door, known)
    os._exit(0)


def _answer(asker: socket.socket, door: socket.socket, known: Written | None) -> None:
    """Fork what one who asks has described; who gets no answer starts it without us."""
    asker.settimeout(SEND_S)
    head, files, _, _ = socket.recv_fds(asker, SIZE_BYTES, 3)
    try:
        words = json.loads(_read(asker, int.from_bytes(head, "big")))
        if known != _written():
            return  # packages were changed while a Ray was kept: workers are to see the new ones
        asker.sendall(b"1")  # before the fork: it fails if who asked waits no longer
        if fork() == 0:
            door.close()
            asker.close()
            _live(words, files)
    finally:
        for file in files:
            os.close(file)


def _read(asker: socket.socket, size: int) -> bytes:
    words = b""
    while len(words) < size:
        if not (more := asker.recv(size - len(words))):
            raise ValueError(f"{len(words)} of {size} bytes")
        words += more
    return words


def _live(words: dict[str, Any], files: list[int]) -> NoReturn:
    """Be the process that was described: a Python script with its arguments."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for standard, file in enumerate(files):
            os.dup2(file, standard)
            os.close(file)
        with suppress(OSError):  # the raylet has done so for the process that has asked
            Path("/proc/self/oom_score_adj").write_text(FIRST_TO_GO, encoding="ascii")
        os.environ.clear()
        os.environ.update(words["environment"])
        os.chdir(words["folder"])
        sys.argv = words["command"]
        sys.path.insert(0, str(Path(sys.argv[0]).parent))
        import numpy as np  # noqa: PLC0415 - it has been imported

        np.random.seed()
        runpy.run_path(sys.argv[0], run_name="__main__")
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - the border of the process
        sys.excepthook(*sys.exc_info())
    finally:
        atexit._run_exitfuncs()  # noqa: SLF001 - what leaving Python in order would call
        os._exit(code)


def _import() -> Written | None:
    """Import what workers need; None if this process must not be forked after that.

    One of the packages may be broken, or start threads, or draw ids, see `undrawn.py`.
    """
    gc.disable()
    try:
        import ray._private.workers  # noqa: F401, PLC0415

        from ingest import job  # noqa: F401, PLC0415 - what all types stand on
        from ingest.work import task  # noqa: F401, PLC0415
        from ingest.workers.on_ray.undrawn import forks_differ, nothing_drawn  # noqa: PLC0415

        with nothing_drawn():
            from ingest.workers.on_ray import execution  # noqa: F401, PLC0415
    except Exception:  # noqa: BLE001 - Ray would end with this process
        sys.excepthook(*sys.exc_info())
        return None
    gc.freeze()  # what the collector does not look through stays shared with the workers
    gc.enable()
    return _written() if is_alone() and forks_differ() else None


def _written() -> Written:
    """Return when each file that was imported was last written."""
    written: Written = {}
    for module in tuple(sys.modules.values()):
        if file := getattr(module, "__file__", None):
            with suppress(OSError):
                written[file] = Path(file).stat().st_mtime_ns
    return written


if __name__ == "__main__":
    if not sys.flags.safe_path:
        del sys.path[0]  # the neighbours of this module are not to be imported from there
    sys.path.append(str(Path(__file__).parents[3]))
    from ingest.core.forking import fork, is_alone
    from ingest.workers.processes.forking import THREADS

    os.environ.update(dict.fromkeys(THREADS, "1"))  # else numpy starts some
    serve(sys.argv[1])
