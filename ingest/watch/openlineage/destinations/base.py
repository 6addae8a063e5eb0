"""What every destination of OpenLineage's events does."""

import json
from abc import ABC, abstractmethod

from ingest.watch.openlineage.telling import Told


class Destination(ABC):
    """Takes the events of runs, one after the other, from one thread.

    `answered` is whether it has taken any event yet, `trouble` what it has complained of while
    it keeps trying.
    """

    answered: bool = False
    trouble: str = ""

    @abstractmethod
    def send(self, event: Told) -> None:
        """Send an event, or begin to.

        Raises:
            Exception: it was not taken. The next event may be sent all the same.
        """

    def close(self, seconds: float) -> None:  # noqa: B027 - most have sent everything by then
        """Wait up to so many seconds for what is still on its way. To be called once, at the end.

        Raises:
            Exception: it was not all taken.
        """


def text_of(event: Told) -> str:
    """Return an event as it is sent: one line of JSON."""
    return json.dumps(event, sort_keys=True)
