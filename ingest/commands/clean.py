"""`ingest clean`: remove old runs from the state, and what dead ones have staged."""

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import asdict, field
from datetime import UTC, datetime
from typing import Any

from ingest.commands.base import (
    add_json,
    add_state,
    duration,
    open_state,
    parser,
    report,
)
from ingest.core.counts import counted
from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError, IngestError
from ingest.core.names import hint
from ingest.driver.cleaning import Kept, Leftover, Search
from ingest.driver.removing import Old, Removal, trim_leases
from ingest.records import cursors
from ingest.records.lease import LeaseHeldError
from ingest.records.runs import Runs
from ingest.sinks.leftovers import remove_staged
from ingest.storage.objects import Store
from ingest.storage.store import state_option
from ingest.watch.runs import SHOWN
from ingest.watch.summary import size

KEEP = "30d"
EXAMPLE = """ingest clean --dry-run
  ingest clean --keep 12w
  ingest clean --job orders --keep 2w --unfinished"""


def main(argv: Sequence[str] | None = None) -> int:
    """Remove what is old and say what that was; return 1 if something could not be removed."""
    options = parser(
        "clean",
        "Remove what ingest recorded of old runs, and files that a run wrote beside its output "
        "but will never publish. Published rows are never touched. The latest published run of "
        "each output is always kept. Unfinished runs (failed, interrupted, died) are kept unless "
        "you add --unfinished.",
        EXAMPLE,
    )
    options.add_argument(
        "--keep",
        default=KEEP,
        metavar="TIME",
        help=f"keep runs that started within this time: 12h, 30d, 2w (default: {KEEP})",
    )
    options.add_argument("--job", help="only this job's runs")
    options.add_argument(
        "--unfinished",
        action="store_true",
        help=(
            "also remove unfinished runs older than --keep, with the partitions that they have "
            "completed"
        ),
    )
    options.add_argument(
        "--dry-run", action="store_true", help="show what would be removed, but remove nothing"
    )
    add_json(options, "what was removed, or would be")
    add_state(options)
    arguments = options.parse_args(argv)
    before = datetime.now(UTC) - duration(arguments.keep, "--keep")
    store = open_state(arguments)
    search = Search(store, _jobs(store, arguments.job), before, arguments.unfinished)
    found = Found()
    for each in search.old():
        if isinstance(each, Kept):
            found.kept.append(each)
        else:
            found.old.append(each)
    problems: list[str] = []
    found.leftovers += search.leftovers(problems)
    say: Callable[[str], None] = _nothing if arguments.json else report
    if arguments.dry_run:
        say("\n".join(_would(found, arguments)))
        removed = found
    else:
        trim_leases(store, search.jobs)
        cursors.trim(store, search.jobs)
        removed, failures = _remove(store, found, arguments, say)
        problems += failures
    if arguments.json:
        report(json.dumps({**removed.page, "dry_run": arguments.dry_run, "problems": problems}))
        return IngestError.exit_code if problems else 0
    for line in (*_stays(found.kept, arguments), *problems):
        print(line, file=sys.stderr)
    return IngestError.exit_code if problems else 0


@dataclass(slots=True)
class Found:
    """What goes of a state, and which old runs stay."""

    old: list[Old] = field(default_factory=list)
    leftovers: list[Leftover] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)

    @property
    def page(self) -> dict[str, Any]:
        """What there is of each, as plain data."""
        left = ({key: value for key, value in asdict(each).items() if key != "reached_by"}
                for each in self.leftovers)  # fmt: skip
        old, kept = (map(asdict, each) for each in (self.old, self.kept))
        return {"runs": list(old), "unpublished": list(left), "kept": list(kept)}

    def __str__(self) -> str:
        taken = sum(each.bytes for each in self.old) + sum(each.bytes for each in self.leftovers)
        parts = [counted(len(self.old), "run")] if self.old else []
        staged = f"unpublished files of {counted(len(self.leftovers), 'run')}"
        parts += [staged] if self.leftovers else []
        return f"{', '.join(parts)}: {size(taken)}"


def _jobs(store: Store, job: str | None) -> list[str]:
    known = Runs(store).jobs()
    if job and known and job not in known:
        raise ConfigError(
            f"--job {job}: no runs of this job in {store.uri()}. {hint(job, known)}Jobs with runs "
            f"there: {', '.join(known)}"
        )
    return [job] if job else known


def _would(found: Found, arguments: Namespace) -> list[str]:
    lines = [f"would remove {_run(each)}" for each in found.old]
    lines += [f"would remove {_staged(each)}" for each in found.leftovers]
    return [*lines, f"{_total(found, arguments)} (--dry-run: nothing was removed)"]


def _nothing(_text: str) -> None:
    """Say nothing: all is said at the end."""


def _remove(
    store: Store, found: Found, arguments: Namespace, say: Callable[[str], None]
) -> tuple[Found, list[str]]:
    """Remove one after the other, saying which; return what was, and what could not be removed.

    Runs that somebody works on are added to those that are kept.
    """
    removal, done, problems = Removal(store), Found(), []
    for run in found.old:
        try:
            problems += removal.remove(run)
        except LeaseHeldError as error:
            found.kept.append(Kept(run.run_id, run.job, str(error)))
        except IngestError as error:
            problems.append(f"run {run.run_id}: not removed: {error}")
        else:
            done.old.append(run)
            say(f"removed {_run(run)}")
    for each in found.leftovers:
        try:
            remove_staged(each.place, each.run_id, each.reached_by)
        except IngestError as error:
            problems.append(f"unpublished files of run {each.run_id}: not removed: {error}")
        else:
            done.leftovers.append(each)
            say(f"removed {_staged(each)}")
    done.kept = found.kept
    say(_total(done, arguments))
    return done, problems


def _run(old: Old) -> str:
    return f"run {old.run_id}  {old.job or '-'}  {SHOWN.get(old.was, old.was)}  {size(old.bytes)}"


def _staged(leftover: Leftover) -> str:
    what = f"unpublished files of run {leftover.run_id}"
    return f"{what}  {size(leftover.bytes)}  for {leftover.place}"


def _total(found: Found, arguments: Namespace) -> str:
    if found.kept and not found.old and not found.leftovers:
        return f"nothing to remove: {counted(len(found.kept), 'old run')} kept, see below"
    if not found.old and not found.leftovers:
        which = "no run" if arguments.unfinished else "no finished run"
        return (
            f"nothing to remove: {which} is older than {arguments.keep.strip()} (--keep), apart "
            "from the latest published run of each output, which is always kept"
        )
    return str(found)


def _stays(kept: Sequence[Kept], arguments: Namespace) -> list[str]:
    """Say which old runs stay, and what to type about them."""
    lines = [f"kept run {each.run_id} of job {each.job}: {each.why}" for each in kept]
    if any(each.resumable for each in kept):
        here = state_option(arguments.state, arguments.state_connection)
        keep = "" if arguments.keep == KEEP else f" --keep {arguments.keep.strip()}"
        job = f" --job {arguments.job}" if arguments.job else ""
        if any(each.resumable and not each.doomed for each in kept):
            lines.append(f"To finish an unfinished run: ingest resume RUN{here}")
        if any(each.doomed for each in kept):
            lines.append(
                "A run that failed because of its job or its input fails again if it is resumed. "
                f"What to do about it: ingest status RUN{here}"
            )
        lines.append(f"To remove unfinished runs too: ingest clean{keep}{job} --unfinished{here}")
    return lines
