"""Opening the destination that the settings name; imports no other one."""

from typing import Any

from ingest.watch.openlineage.destinations.base import Destination


def open_destination(settings: dict[str, Any]) -> Destination:
    """Open who is to be sent events.

    Whatever is set beside a plain address, filters and tags say, is for OpenLineage's own client.

    Raises:
        Exception: the settings are wrong, or a library is missing.
    """
    transport = settings.get("transport") or {}
    if settings.keys() <= {"transport"} and isinstance(transport, dict):
        made = _ours(transport)
        if made is not None:
            return made
    from ingest.watch.openlineage.destinations.library import Library  # noqa: PLC0415 - see there

    return Library(settings)


def _ours(transport: dict[str, Any]) -> Destination | None:
    """Return a destination that needs no library of OpenLineage; None if it is none of those."""
    match transport.get("type"):
        case "file":
            from ingest.watch.openlineage.destinations.files import File  # noqa: PLC0415

            return File.of(transport)
        case "http":
            from ingest.watch.openlineage.destinations.http import Http  # noqa: PLC0415

            return Http.of(transport)
        case "kafka":
            from ingest.watch.openlineage.destinations.kafka import Kafka  # noqa: PLC0415

            return Kafka.of(transport)
    return None
