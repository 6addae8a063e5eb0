"""`ingest lineage`: where the columns of a run's output come from; its events for OpenLineage."""

import json
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ingest.commands.base import add_json, add_state, open_state, parser, report
from ingest.core.errors import ConfigError, FatalError
from ingest.core.lineage import Lineage, Origin
from ingest.records.plan_facts import plan_facts
from ingest.records.reader import Reader
from ingest.records.runs import Runs
from ingest.storage.objects import Store

if TYPE_CHECKING:
    from ingest.watch.openlineage.telling import Told

_LAST_S = 30.0


def main(argv: Sequence[str] | None = None) -> int:
    """Show the lineage of a run; return the exit code."""
    options = parser(
        "lineage",
        "Show for each column of a run's output the columns of the source, or of a lookup table, "
        "that it comes from. Or print the run's OpenLineage events, one JSON document in a line, "
        "or send them to the catalogue that OPENLINEAGE_URL or openlineage.yml name: runs send "
        "theirs by themselves; this is for earlier ones.",
        "ingest lineage 20261123t184500-1a2b3c\n  ingest lineage 20261123t184500-1a2b3c --events",
    )
    options.add_argument(
        "run", metavar="RUN", help="the id of the run, as listed by `ingest status`"
    )
    options.add_argument("--events", action="store_true", help="print the OpenLineage events")
    options.add_argument("--send", action="store_true", help="send the OpenLineage events")
    add_json(options, "the lineage")
    add_state(options)
    arguments = options.parse_args(argv)
    store = open_state(arguments)
    Runs(store).facts(arguments.run)
    if arguments.send:
        return _send(store, arguments.run)
    if arguments.events:
        every = _events(store, arguments.run)
        sys.stdout.writelines(f"{json.dumps(event, sort_keys=True)}\n" for event in every)
        return 0
    page = plan_facts(store, arguments.run).lineage
    if arguments.json:
        report(json.dumps(page, indent=1))
        return 0
    report("\n".join(_lines(page)) if page else "no lineage was recorded with this run")
    return 0


def _lines(page: dict[str, Any]) -> Iterator[str]:
    columns = {
        name: tuple(Origin(**origin) for origin in origins)
        for name, origins in page["columns"].items()
    }
    lineage = Lineage(columns)
    width = max(map(len, columns), default=0)
    for name in columns:
        yield f"{name:<{width}}  {lineage.told(name) or f'from {name}'}"
    if deciding := [origin["column"] for origin in page["filtered_by"]]:
        yield f"\nwhich rows there are depends on {', '.join(deciding)}"


def _events(store: Store, run_id: str) -> "Iterator[Told]":
    from ingest.watch.openlineage.folding import events_of  # noqa: PLC0415 - keeps --help quick

    return events_of(store, run_id, Reader(store, run_id).events())


def _send(store: Store, run_id: str) -> int:
    from ingest.watch.openlineage.destinations.configuration import (  # noqa: PLC0415
        is_configured,
        settings,
    )
    from ingest.watch.openlineage.destinations.opening import open_destination  # noqa: PLC0415
    from ingest.watch.openlineage.telling import misnamed  # noqa: PLC0415

    if not is_configured():
        raise ConfigError(
            "--send: nobody to send to. Set OPENLINEAGE_URL=http://HOST:PORT, or write "
            "openlineage.yml with a transport"
        )
    for text in misnamed():
        print(f"warning: openlineage: {text}", file=sys.stderr)
    made = list(_events(store, run_id))
    try:
        destination = open_destination(settings())
        for event in made:
            destination.send(event)
        destination.close(_LAST_S)
    except ConfigError:
        raise
    except Exception as error:
        raise FatalError(
            f"openlineage: {type(error).__name__}: {error}. Check the address and the catalogue, "
            "then send again"
        ) from error
    report(f"run {run_id}: {len(made)} events were sent")
    return 0
