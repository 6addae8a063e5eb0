"""The inputs of a source: as they are listed, as a plan has them, and how they differ from it."""

from collections.abc import Sequence
from typing import Literal

from ingest.core.dataclass import dataclass
from ingest.core.partition import Slice


@dataclass(frozen=True, slots=True)
class Inputs:
    """What there is to read, as it was listed: each input whole, once, in a stable order (by URI).

    `remarks` are sentences for a person about what was passed over, and what is named twice.
    """

    slices: Sequence[Slice]
    remarks: tuple[str, ...] = ()


Fate = Literal["changed", "vanished", "new", "touched"]


@dataclass(frozen=True, slots=True)
class Planned:
    """An input as the plan of a run has it. `open` says that some of it is not completed yet."""

    uri: str
    size: int
    version: str
    open: bool
    changed_ns: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """An input that is not as it was planned, for the driver to judge and for a person to read.

    `touched` means that size and version are those of the plan, but that something was done to it
    since: other permissions, another name, a link, a copy put back, or a rewrite that put its time
    back. `text` says what it was and what it is. `open` is that of `Planned`; of new ones false.
    """

    uri: str
    fate: Fate
    text: str
    open: bool = False
