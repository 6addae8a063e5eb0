"""What a sink has prepared, as it is read back: line by line, the first and the last for all."""

from collections.abc import Iterable
from functools import cached_property

from ingest.sinks.base import Line


class PreparedLines:
    """A view of the lines of one run, which are read from the beginning each time.

    The first says who publishes and how, the last one counts.
    """

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = lines

    @cached_property
    def head(self) -> Line:
        """The first line."""
        return next(iter(self._lines))

    @cached_property
    def tail(self) -> Line:
        """The last line."""
        last: Line = {}
        for last in self._lines:  # noqa: B007 - the last one counts
            pass
        return last

    @property
    def run_id(self) -> str:
        """The run that publishes."""
        return str(self.head["run_id"])
