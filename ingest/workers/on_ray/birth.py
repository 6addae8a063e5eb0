"""Starts a worker of a private Ray: `python -I -S birth.py SOCKET COMMAND...`.

What was imported already is in the process at the other end of the socket, which forks one that
then does what the command would do. Without an answer, the command is executed.

A script, run without `site` and thus without any package.
"""

import json
import os
import socket
import sys
import time
from pathlib import Path

SETUP = "setup_worker.py"
CONTEXT = "--serialized-runtime-env-context"
LANGUAGE = "--language"
THERE_S = 10.0  # the raylet has started both at once
LIMIT_S = 60.0  # what its imports may take on a busy machine


def ask(place: str, command: list[str]) -> bool:
    """Have a worker forked; return whether it was."""
    words = {"command": command, "environment": dict(os.environ), "folder": str(Path.cwd())}
    page = json.dumps(words).encode()
    try:
        with socket.socket(socket.AF_UNIX) as asked:
            asked.settimeout(LIMIT_S)
            _connect(asked, place)
            socket.send_fds(asked, [len(page).to_bytes(8, "big")], [0, 1, 2])
            asked.sendall(page)
            return bool(asked.recv(1))
    except OSError:
        return False


def _connect(asked: socket.socket, place: str) -> None:
    until = time.monotonic() + THERE_S
    while True:
        try:
            return asked.connect(place)
        except FileNotFoundError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)


def worker(command: list[str]) -> list[str]:
    """Return what a raylet's command ends up executing; empty if an environment is to be made."""
    setup, *rest = command
    if Path(setup).name != SETUP or any(part.startswith(CONTEXT) for part in rest):
        return []
    return [part for part in rest if not part.startswith(LANGUAGE)]


if __name__ == "__main__":
    place, interpreter, *command = sys.argv[1:]
    lean = worker(command)
    if not lean or not ask(place, lean):
        os.execv(interpreter, [interpreter, *command])  # noqa: S606 - what Ray gave us
