"""Text whose fields stand at fixed places."""

from typing import ClassVar, Literal

from ingest.formats.base import Format


class FixedWidthFormat(Format):
    """Fixed-width text. It is only read, by the source `fixed_width`, which is told the places."""

    label: ClassVar[str] = "fixed-width text"
    endings: ClassVar[tuple[str, ...]] = (".fwf", ".dat", ".prn", ".txt")
    guessable: ClassVar[bool] = False

    type: Literal["fixed_width"]
