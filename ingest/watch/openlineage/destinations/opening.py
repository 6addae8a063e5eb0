"""Opening the destination that the settings name."""

from importlib import import_module
from typing import Any

from ingest.watch.openlineage.destinations.base import Destination

_OURS = {"file": ("files", "File"), "http": ("http", "Http"), "kafka": ("kafka", "Kafka")}
"""Those that need no library of OpenLineage: what a module here is called, and its class."""


def open_destination(settings: dict[str, Any]) -> Destination:
    """Open who is to be sent events.

    Whatever is set beside a plain address, filters and tags say, is for OpenLineage's own client.

    Raises:
        Exception: the settings are wrong, or a library is missing.
    """
    transport = settings.get("transport") or {}
    if settings.keys() <= {"transport"} and isinstance(transport, dict):
        module, name = _OURS.get(str(transport.get("type")), ("", ""))
        if module:
            kind = getattr(import_module(f"{__package__}.{module}"), name)
            made: Destination | None = kind.of(transport)
            if made is not None:
                return made
    from ingest.watch.openlineage.destinations.library import Library  # noqa: PLC0415 - see there

    return Library(settings)
