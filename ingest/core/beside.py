"""Calling a function in another process, while this one does something else."""

import gc
import os
import pickle
from collections.abc import Callable
from typing import Generic, NoReturn, TypeVar

from ingest.core.errors import IngestError
from ingest.core.forking import fork, is_alone

T = TypeVar("T")


class Beside(Generic[T]):
    """A call in a fork of this process, which begins when this is made.

    The function must change nothing but what it returns, and that must be picklable. Where this
    process cannot be forked, or the other one dies, it is called here, when its result is asked
    for: that takes longer, and is the same.
    """

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._pid = 0
        if is_alone():
            self._pipe, theirs = os.pipe()
            self._pid = fork()
            if self._pid == 0:
                _answer(call, theirs)
            os.close(theirs)

    def result(self) -> T:
        """Wait for what the function returns. To be called once.

        Raises:
            IngestError: the function has raised it.
        """
        if self._pid:
            with os.fdopen(self._pipe, "rb") as file:
                data = file.read()
            os.waitpid(self._pid, 0)
            if data:
                value, error = pickle.loads(data)  # noqa: S301 - from our own process
                if error is not None:
                    raise error
                result: T = value
                return result
        return self._call()


def _answer(call: Callable[[], T], pipe: int) -> NoReturn:
    """Be the other process. What it does not expect is left to the first, which will meet it."""
    try:
        gc.disable()  # it does not live for long
        try:
            data = pickle.dumps((call(), None))
        except IngestError as error:
            data = pickle.dumps((None, error))
        with os.fdopen(pipe, "wb") as file:
            file.write(data)
    finally:
        os._exit(0)
