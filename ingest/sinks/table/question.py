"""Asking a process of its own about rows: it may die of them, and the driver does not."""

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from ingest.core import errors
from ingest.core.errors import FatalError
from ingest.sinks.table.rewriter import Merging, described

_CHILD = "ingest.sinks.table.child"
_SHOWN_LINES = 3


class _Child:
    """The process. It ends with this one, because its input does."""

    def __init__(self) -> None:
        self.said = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process writes
        # a new program, not a fork, which the threads of obstore would not survive
        self.process = subprocess.Popen(  # noqa: S603 - a program of ours
            [sys.executable, "-m", _CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.said,
            start_new_session=True,
            text=True,
        )

    def end(self) -> None:
        """End it."""
        self.process.kill()
        with suppress(BrokenPipeError):
            self.process.communicate()
        self.said.close()


_idle: list[_Child] = []
"""A process that has answered and can be asked again: starting one takes a second of a core."""


@atexit.register
def _end_idle() -> None:
    for child in _idle:
        child.end()


class Question:
    """One question, asked by lines of JSON through pipes.

    A context manager: what it is about is told line by line, then its answers are read.
    """

    def __init__(self, sink: Merging, task: str, **asked: Any) -> None:
        self._where = sink.uri
        told = {"sink": described(sink), "folder": str(Path.cwd())}
        # as it is now: the process may be older than what was set since
        self._request = {"task": task, **told, "environment": dict(os.environ), **asked}
        self._child = _idle.pop() if _idle else _Child()
        self._answered = False

    def __enter__(self) -> Self:
        try:
            self.tell(self._request)
        except BaseException:
            self._child.end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._answered and not _idle:
            _idle.append(self._child)
        else:
            self._child.end()

    def tell(self, line: Mapping[str, Any]) -> None:
        """Send one more line of what it is about."""
        self._send(json.dumps(line))

    def answers(self) -> Iterator[dict[str, Any]]:
        """Say that this was all, and yield what comes back.

        Raises:
            IngestError: what the process raised. FatalError: it has died.
        """
        self._send("")
        assert self._child.process.stdout is not None, "it is a pipe"
        for text in self._child.process.stdout:
            answer = json.loads(text)
            if "error" in answer:
                raise _error(answer)
            if "end" in answer:
                self._answered = True
                return
            yield answer
        raise self._death()

    def _send(self, text: str) -> None:
        assert self._child.process.stdin is not None, "it is a pipe"
        with suppress(BrokenPipeError):  # it has died, as `answers` finds
            print(text, file=self._child.process.stdin, flush=not text)

    def _death(self) -> FatalError:
        code, said = self._child.process.wait(), self._child.said
        said.seek(0)
        last = " ".join(said.read().decode(errors="replace").strip().splitlines()[-_SHOWN_LINES:])
        how = f"was killed by signal {-code}" if code < 0 else f"failed: {last}"
        memory = ". Signal 9 usually means that memory ran out" if code == -signal.SIGKILL else ""
        return FatalError(
            f"{self._where}: the process that merges rows {how}{memory}. Nothing was published. "
            "Run again"
        )


def _error(answer: Mapping[str, Any]) -> Exception:
    kind = getattr(errors, answer["error"])
    error: Exception = kind(*answer["lines"])
    return error
