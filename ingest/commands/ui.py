"""`ingest ui`: a live page of all runs of a state, in a browser."""

import asyncio
import ipaddress
import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ingest.commands.base import add_state, open_state, parser, report
from ingest.core.errors import ConfigError
from ingest.storage.store import state_option

if TYPE_CHECKING:
    from aiohttp.web import AppRunner

PORT = 8270


def main(argv: Sequence[str] | None = None) -> int:
    """Serve the page until Ctrl-C; return the exit code."""
    options = parser(
        "ui",
        "Serve a page that shows all runs of a state in a browser: those that are running, live, "
        "and all earlier ones. It only reads. It also serves the metrics of the last run of each "
        "job for Prometheus, at /metrics.",
        "ingest ui\n  ingest ui --state s3://bucket/state --state-connection lake\n"
        "  ingest ui --host 0.0.0.0 --allow-host runs.example.org",
    )
    options.add_argument("--port", type=int, default=PORT, help=f"default: {PORT}")
    options.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="the address to listen on (default: 127.0.0.1, which only this machine reaches)",
    )
    options.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name that browsers may reach the page by; may be repeated. Without it only "
        "localhost and --host",
    )
    add_state(options)
    arguments = options.parse_args(argv)
    store = open_state(arguments)
    try:
        from aiohttp import web  # noqa: PLC0415 - an extra of its own

        from ingest.watch.page.catalogue import Catalogue  # noqa: PLC0415
        from ingest.watch.page.server import Server  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"the page needs the package {error.name}. Install: pip install 'ingest[ui]'"
        ) from None
    here = state_option(arguments.state, arguments.state_connection)
    server = Server(Catalogue(store), here, [arguments.host, *arguments.allow_host])
    runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=1.0)
    try:
        asyncio.run(_serve(runner, arguments))
    except (OSError, OverflowError) as error:
        text = getattr(error, "strerror", None) or str(error)
        raise ConfigError(
            f"{arguments.host}:{arguments.port}: {text}. Choose another address or port: "
            f"ingest ui --port {PORT + 1}"
        ) from None
    return 0


async def _serve(runner: "AppRunner", arguments: Namespace) -> None:
    """Serve until the process is interrupted."""
    from aiohttp.web import TCPSite  # noqa: PLC0415 - an extra of its own

    await runner.setup()
    try:
        await TCPSite(runner, arguments.host, arguments.port).start()
        report(f"{_address(runner)}    (Ctrl-C stops the page, not the runs)")
        sys.stdout.flush()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def _address(runner: "AppRunner") -> str:
    """Return what to type into a browser on this machine."""
    host, port = runner.addresses[0][:2]
    listens_everywhere = ipaddress.ip_address(host).is_unspecified
    shown = "localhost" if listens_everywhere else f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"
