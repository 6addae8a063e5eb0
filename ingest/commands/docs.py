"""`ingest docs`: documentation of all data flows, as a site and as Markdown beside the jobs."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.commands.base import add_conf, importing, parser, report
from ingest.core.counts import counted
from ingest.core.errors import ConfigError, IngestError

if TYPE_CHECKING:
    from ingest.documenting.collecting import JobDocs

OUTPUT = Path("site")
PORT = 8085
EXAMPLE = "ingest docs build\n  ingest docs serve --port 8085\n  ingest docs check"


def main(argv: Sequence[str] | None = None) -> int:
    """Build, serve or check the documentation; return the exit code: 1 if the check fails."""
    options = parser(
        "docs",
        "Document the data flows of this repository from job files, contracts, samples and "
        "recorded runs. `build` writes a site that works without a server and without a network, "
        "and jobs/NAME/README.md for Git. `serve` builds the site and shows it at "
        "http://127.0.0.1. `check` is for CI: its exit code is 1 if a job lacks an owner, a "
        "description, a contract or descriptions of its columns, or if a generated README is not "
        "up to date.",
        EXAMPLE,
    )
    options.add_argument("action", choices=("build", "serve", "check"), help="what to do")
    options.add_argument(
        "--output", type=Path, default=OUTPUT, metavar="DIR", help="the site (default: site)"
    )
    options.add_argument(
        "--no-readme", action="store_true", help="build only the site, no jobs/NAME/README.md"
    )
    options.add_argument(
        "--no-history", action="store_true", help="leave out what was recorded of runs"
    )
    options.add_argument("--port", type=int, default=PORT, help=f"for serve (default: {PORT})")
    options.add_argument("--json", action="store_true", help="for check: print problems as JSON")
    add_conf(options)
    arguments = options.parse_args(argv)
    with importing():
        from ingest.documenting.collecting import collected  # noqa: PLC0415 - keeps --help quick

    pages = collected((), arguments.conf)
    if arguments.action == "check":
        return _check(pages, arguments)
    try:
        _build(pages, arguments)
    except OSError as error:
        raise ConfigError(
            f"{error.filename or arguments.output}: cannot be written: {error.strerror}. Write the "
            "site elsewhere with --output DIR, or leave out READMEs with --no-readme"
        ) from None
    return _serve(arguments) if arguments.action == "serve" else 0


def _check(pages: "list[JobDocs]", arguments: argparse.Namespace) -> int:
    import json  # noqa: PLC0415

    from ingest.documenting.checking import problems  # noqa: PLC0415 - keeps --help quick

    lines = problems(pages)
    if arguments.json:
        report(json.dumps({"jobs": len(pages), "problems": lines}))
    else:
        for line in lines:
            print(line, file=sys.stderr)
        number = counted(len(lines), "problem") if lines else "all documented"
        report(f"{counted(len(pages), 'job')}: {number}")
    return IngestError.exit_code if lines else 0


def _build(pages: "list[JobDocs]", arguments: argparse.Namespace) -> None:
    from ingest.documenting.checking import written  # noqa: PLC0415 - keeps --help quick
    from ingest.documenting.site import write  # noqa: PLC0415

    site = pages if arguments.no_history else [_with_history(page) for page in pages]
    number = write(site, arguments.output)
    report(f"{arguments.output}/index.html: {counted(number, 'page')}")
    if arguments.no_readme:
        return
    for path, is_own in written(pages):  # without history: in Git, they are the same everywhere
        report(f"{path}: kept: it was not generated" if is_own else f"{path}: written")


def _with_history(page: "JobDocs") -> "JobDocs":
    from ingest.documenting.collecting import with_plan  # noqa: PLC0415 - keeps --help quick
    from ingest.documenting.history import history  # noqa: PLC0415
    from ingest.storage.glance import Glance  # noqa: PLC0415
    from ingest.storage.objects import open_store  # noqa: PLC0415

    try:
        past, plan = history(
            Glance(open_store(page.job.state, page.job.state_connection)), page.job.name
        )
    except IngestError as error:  # a bucket out of reach, say: the rest is worth having
        print(f"warning: {page.file}: no history: {error}", file=sys.stderr)
        return page
    more: dict[str, Any] = with_plan(page, plan) if plan and page.columns_from != "sample" else {}
    return replace(page, history=past, **more)


def _serve(arguments: argparse.Namespace) -> int:
    from functools import partial  # noqa: PLC0415
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer  # noqa: PLC0415

    handler = partial(SimpleHTTPRequestHandler, directory=str(arguments.output))
    try:
        server = ThreadingHTTPServer(("127.0.0.1", arguments.port), handler)
    except (OSError, OverflowError) as error:
        text = getattr(error, "strerror", None) or str(error)
        raise ConfigError(
            f"--port {arguments.port}: {text}. Use another port: --port 8086"
        ) from None
    with server:
        report(f"http://127.0.0.1:{server.server_port}  (Ctrl-C to stop)")
        server.serve_forever()
    return 0
