"""`ingest connections`: the connections of this repository, and what works through one."""

import json
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ingest.commands.base import add_conf, importing, parser
from ingest.core.errors import ConfigError, IngestError

if TYPE_CHECKING:
    from ingest.storage.checking import TriedAbility

EXAMPLE = """ingest connections
  ingest connections test lake
  ingest connections test lake s3://bucket/folder --read-only
  ingest connections test warehouse"""


def main(argv: Sequence[str] | None = None) -> int:
    """List connections, or test one; return 1 if something that ingest needs does not work."""
    options = parser(
        "connections",
        "A connection says how a bucket or a database is reached: its server and its credentials, "
        "in conf/connection/NAME.yaml. List all connections, or test one: whether ingest can list, "
        "read, write, copy and remove files there, or log in, create a table and copy rows into "
        "it. The exit code is 1 if something does not work.",
        EXAMPLE,
    )
    options.add_argument(
        "action",
        nargs="?",
        metavar="list|test",
        choices=("list", "test"),
        default="list",
        help="list all connections (default), or test one",
    )
    options.add_argument("name", nargs="?", metavar="NAME", help="the connection to test")
    options.add_argument(
        "place",
        nargs="?",
        metavar="URI",
        help="where to test it. Bucket: s3://BUCKET/PATH (default: the connection's "
        "test_path). Database: the name of a schema (default: ingest)",
    )
    options.add_argument(
        "--read-only", action="store_true", help="write nothing: test only listing and reading"
    )
    options.add_argument("--json", action="store_true", help="print the result as JSON")
    add_conf(options)
    arguments = options.parse_args(argv)
    return _test(arguments) if arguments.action == "test" else _list(arguments)


def _list(arguments: Any) -> int:
    from ingest.config.load import connections, load_connection  # noqa: PLC0415 - needs Hydra

    pages: list[dict[str, str]] = []
    lines: list[str] = []
    for name in connections(arguments.conf):
        try:
            connection = load_connection(arguments.conf, name)
        except ConfigError as error:
            lines += error.lines
            continue
        pages.append({"name": name, "type": type_of(connection), "endpoint": connection.address})
    if arguments.json:
        print(json.dumps(pages, indent=1))
    elif pages:
        print(f"{'name':<20} {'type':<8} endpoint")
        for page in pages:
            print(f"{page['name']:<20} {page['type']:<8} {page['endpoint'] or '-'}")
    elif not lines:
        print("no connections. Write one: conf/connection/NAME.yaml")
    if lines:
        raise ConfigError(*lines)
    return 0


def _test(arguments: Any) -> int:
    with importing():
        from ingest.config.load import connections, load_connection  # noqa: PLC0415
        from ingest.core.names import hint  # noqa: PLC0415

    known = connections(arguments.conf)
    if arguments.name not in known:
        what = f'no connection "{arguments.name}"' if arguments.name else "no connection is named"
        near = hint(arguments.name or "", known)
        raise ConfigError(
            f"command line: {what}. {near}Known connections: {', '.join(known) or 'none'}. "
            + (
                "Write: ingest connections test NAME"
                if known
                else "To add one: conf/connection/NAME.yaml"
            )
        )
    connection = load_connection(arguments.conf, arguments.name)
    place, attempts = _attempts(connection, arguments)
    missing, pages = 0, []
    for tried in attempts:
        page = {"name": tried.ability.name, "works": not tried.problem, "problem": tried.problem}
        pages.append({**page, "needed_for": tried.ability.needed_for})
        missing += bool(tried.problem)
        if not arguments.json:
            print(f"{tried.ability.name:<12} {'failed' if tried.problem else 'ok'}", flush=True)
            if tried.problem:
                print(f"  {tried.problem}\n  needed for {tried.ability.needed_for}")
    if arguments.json:
        print(json.dumps(pages, indent=1))
    if missing:
        print(f'connection "{arguments.name}": {missing} failed at {place}', file=sys.stderr)
    return IngestError.exit_code if missing else 0


def _attempts(connection: Any, arguments: Any) -> tuple[str, Iterator["TriedAbility"]]:
    """Return where a connection is tested, and what comes of it, one ability after the other."""
    with importing():
        from ingest.storage.checking import try_all  # noqa: PLC0415 - loads obstore
        from ingest.storage.connections import PostgresConnection  # noqa: PLC0415
        from ingest.storage.postgres.checking import try_database  # noqa: PLC0415
    if isinstance(connection, PostgresConnection):
        schema = arguments.place or "ingest"
        return connection.uri, try_database(connection, schema, read_only=arguments.read_only)
    place = arguments.place or connection.test_path
    if not place:
        raise ConfigError(
            f'command line: connection "{arguments.name}" has no test_path, so it is not known '
            f"where to test it. Write: ingest connections test {arguments.name} "
            f"{connection.schemes[0]}://BUCKET/PATH"
        )
    return place, try_all(connection, place, read_only=arguments.read_only)


def type_of(connection: Any) -> str:
    """Return the kind of a connection, as it is written."""
    return str(connection.type)
