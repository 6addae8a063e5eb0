"""`ingest logs`: what happened in a run, a line for each event, as text or JSON."""

import sys
import time
from collections.abc import Iterator, Sequence

from ingest.commands.base import add_format, add_state, open_state, parser
from ingest.core.errors import FatalError
from ingest.records.events import Ending
from ingest.records.reader import START, Reader
from ingest.records.runs import Runs
from ingest.storage.glance import Glance
from ingest.watch.logs import LEVELS, Log, LogLine
from ingest.watch.runs import describe

POLL_S, POLL_OF_A_BUCKET_S = 0.5, 2.0


def main(argv: Sequence[str] | None = None) -> int:
    """Print the log of a run; return the exit code."""
    options = parser(
        "logs",
        "Show the log of a run: when it was planned, each partition that was completed or tried "
        "again, warnings, errors, and what was published. It is read from what is recorded of the "
        "run, so it is there wherever the run is or was, and contains no secret and no value of a "
        "private column.",
        "ingest logs 20261123t184500-1a2b3c\n"
        "  ingest logs 20261123t184500-1a2b3c --level warning --log-format json",
    )
    options.add_argument(
        "run", metavar="RUN", help="the id of the run, as listed by `ingest status`"
    )
    options.add_argument(
        "-f", "--follow", action="store_true", help="show new lines until the run has ended"
    )
    options.add_argument(
        "--level", choices=LEVELS, default="info", help="the least level to show (default: info)"
    )
    options.add_argument("--partition", metavar="ID", help="only lines about this partition")
    add_format(options)
    options.add_argument(
        "--json", dest="log_format", action="store_const", const="json",
        help="the same as --log-format json",
    )  # fmt: skip
    add_state(options)
    arguments = options.parse_args(argv)
    store = Glance(open_state(arguments))
    job = Runs(store).job_of(arguments.run)
    least = LEVELS.index(arguments.level)
    for line in _lines(store, arguments.run, job, follow=arguments.follow):
        if LEVELS.index(line.level) < least:
            continue
        if arguments.partition in {None, line.partition}:
            print(line.to_json() if arguments.log_format == "json" else line)
            sys.stdout.flush()
    return 0


def _lines(store: Glance, run_id: str, job: str, *, follow: bool) -> Iterator[LogLine]:
    reader, log, at, ended = Reader(store, run_id), Log(run_id, job), START, False
    while True:
        try:
            for position, event in reader.follow(at):
                at, ended = position, isinstance(event, Ending)
                yield from log.lines(event)
        except FatalError as error:  # what could be read is worth having
            print(f"error: {error}", file=sys.stderr)
            return
        if not follow or ended or describe(store, run_id, job)["state"] not in {"running", "open"}:
            return
        time.sleep(POLL_S if store.is_local else POLL_OF_A_BUCKET_S)
        store.look()
