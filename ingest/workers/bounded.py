"""Calls that may never return, each in a thread of its own that is not waited for longer."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def within(timeout_s: float, call: Callable[[], T]) -> T:
    """Return what a call returns, or raise what it raises.

    Raises:
        TimeoutError: it has not returned in so many seconds; it continues by itself.
    """
    answer: list[Any] = []
    error: list[BaseException] = []

    def run() -> None:
        try:
            answer.append(call())
        except BaseException as raised:  # noqa: BLE001 - raised again where it was asked for
            error.append(raised)

    thread = threading.Thread(target=run, name=f"bounded-{timeout_s:g}", daemon=True)
    thread.start()
    thread.join(timeout_s)
    if error:
        raise error[0]
    if not answer:
        raise TimeoutError
    found: T = answer[0]
    return found
