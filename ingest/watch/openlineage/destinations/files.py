"""Events into a local file: all into one, or each into a file of its own."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from ingest.watch.openlineage.destinations.base import Destination, text_of
from ingest.watch.openlineage.telling import Told


class File(Destination):
    """Appends each event as a line; without `append`, each is a file named for its moment."""

    def __init__(self, path: Path, *, append: bool) -> None:
        self._path = path
        self._append = append

    @classmethod
    def of(cls, transport: dict[str, Any]) -> Self | None:
        """Return what writes as a transport says; None if it is not for this one."""
        path = transport.get("log_file_path")
        if not isinstance(path, str) or transport.keys() - {"type", "log_file_path", "append"}:
            return None
        if path.startswith("file://"):
            path = unquote(urlsplit(path).path)
        if "://" in path:
            return None
        return cls(Path(path), append=bool(transport.get("append")))

    def send(self, event: Told) -> None:
        """Write an event."""
        path = self._path
        if not self._append:
            moment = f"{datetime.now(UTC).astimezone():%Y%m%d-%H%M%S.%f}"
            path = path.with_name(f"{path.name}-{moment}.json")
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{text_of(event)}\n")
        self.answered = True
