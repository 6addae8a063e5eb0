"""Runs as text for a person: one line for each, or one in detail with what to type next."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from ingest.core.counts import counted
from ingest.core.faults import fault_and_reason
from ingest.core.outcome import places
from ingest.records.history import DOOMED
from ingest.records.runs import command_of, resume_command
from ingest.watch.resuming import inputs
from ingest.watch.runs import SHOWN, Page
from ingest.watch.summary import OUTPUTS, REASONS, cluster, size

EXAMPLES = 5


def table(pages: list[Page]) -> list[str]:
    """Return a line for each run."""
    head = f"{'run':<23} {'job':<20} {'state':<12} {'partitions':>13} {'read':>13} "
    head += f"{'written':>13} {'rejected':>10} {'time':>9}"
    return [head, *(_line(page) for page in pages)]


def _gone(book: dict[str, Any]) -> Iterator[str]:
    """Say why rows were removed, and in brackets what filtered ones were filtered for."""
    for reason, count in book["dropped"].items():
        named = book["filtered"] if reason == "filtered" else {}
        why = ", ".join(f"{number:,} {name}" for name, number in named.items())
        yield f"{count:,} {REASONS.get(reason, reason)}" + (f" ({why})" if why else "")


def _line(page: Page) -> str:
    done = f"{page['partitions']['settled']:,}/{page['partitions']['planned']:,}"
    rows = page["rows"]
    # what is staged is written when it is published, and may never be
    written = f"{rows['written']:,}" if page["phase"] in {"committed", "done"} else "-"
    return (
        f"{page['run_id']:<23} {page['job']:<20} {_state(page):<12} "
        f"{done:>13} {rows['read']:>13,} "
        f"{written:>13} {rows['rejected']:>10,} {_took(page):>9}"
    )


def details(page: Page, here: str) -> list[str]:
    """Return one run: who made it, its attempts, what became of its rows, what to type next."""
    if page["state"] == "removed":
        return _removed(page)
    parts = page["partitions"]
    shown = {**page, "state": _state(page)}
    lines = [f"{key}: {shown[key]}" for key in ("run_id", "job", "state", "started_at", "ended_at")]
    lines += [f"user: {by}"] if (by := _by(page)) else []
    lines += [f"git: {revision}"] if (revision := _git(page["git"])) else []
    lines += _before(page["before"])
    lines.append(f"attempts: {page['attempts']}")
    lines.append(f"partitions: {parts['settled']:,} of {parts['planned']:,} completed")
    if out := page["left_out"]:
        lines.append(f"left out: {counted(out, 'file')}, read by earlier runs")
    if cursor := page["cursor"]:
        lines.append(
            f"cursor: {counted(cursor['files'], 'file')} added, {cursor['total']:,} in all "
            f"(entry {cursor['entry']})"
        )
    for tried in page["tried"]:
        lines += _attempt(tried, page)
    if page["inputs"]:
        differ = page["inputs"]
        lines += ["", *inputs(differ["counts"], differ["open"], differ["examples"])]
        lines += [f"  {one}" for one in differ["examples"]]
    lines += ["", *_steps(page["books"])] if page["books"] else []
    if page["reasons"]:
        lines += ["", "rejected rows by reason"]
        lines += [
            f"{count:>13,}  {fault_and_reason(reason)}" for reason, count in page["reasons"].items()
        ]
        lines += [
            f"  {place}"
            for place in places(page["examples"][:EXAMPLES])
            if place not in page["error"]
        ]
    if page["outputs"]:
        lines += ["", *_outputs(page["outputs"])]
    lines += [f"\nerror: {page['error']}"] if page["error"] else []
    typed = [f"{purpose}: {command}" for purpose, command in following(page, here).items()]
    return [*lines, "", *typed] if typed else lines


def _removed(page: Page) -> list[str]:
    """Return what is left of a run whose records were removed."""
    known = ("run_id", "job", "state", "was", "started_at", "ended_at")
    lines = [f"{key}: {SHOWN.get(page[key], page[key])}" for key in known if page.get(key)]
    lines += [f"rows: {', '.join(f'{n:,} {what}' for what, n in page.get('rows', {}).items())}"]
    return [*lines, f"removed by ingest clean: {page['at']}, {_by(page)}"]


def following(page: Page, here: str) -> dict[str, str]:
    """Return what can be done about a run now, and what to type for it: nothing while it runs.

    `here` are the options that lead a command to its state.
    """
    run = page["run_id"]
    if page["state"] == "done":
        return {"to check the published files": f"ingest verify {run}{here}"}
    if page["state"] == "removed":
        return {}
    if page["go_on"] and page["state"] != "running":
        return _ways_on(page, here)
    if page["phase"] == "new" and page["state"] in {"failed", "interrupted", "died"}:
        return {"run the job again": command_of(page, page["job"])}
    return {}


def _ways_on(page: Page, here: str) -> dict[str, str]:
    """Return what can be done about an unfinished run."""
    given = page["tried"][-1]["settings"] if page["tried"] else ()
    resume = partial(resume_command, page["run_id"], here, given)
    again, failure = command_of(page, page["job"]), page["failure"]
    if why := page.get("outdated"):
        return {f"to start over, because {why}": again}
    if page["state"] == "failed" and page["phase"] == "planned":
        if failure in DOOMED:
            return {"resumed as it is, it would fail again; fix the input or the job, then": again}
        if failure == "stale_plan":
            return {
                "to start over with the files as they are": again,
                "or, after you have restored them, resume it": resume(restored=True),
            }
    over = {"or, to discard it and start over": f"{again} --fresh"}
    return {"resume it": resume()} | (over if page["phase"] == "planned" else {})


def _state(page: Page) -> str:
    state = str(page["state"])
    return SHOWN.get(state, state)


def _by(page: Page) -> str:
    return " on ".join(part for part in (page["user"], page["host"]) if part)


def _git(git: dict[str, Any]) -> str:
    if not git:
        return ""
    names = ", ".join(list(git.get("files", ()))[:EXAMPLES])
    files = f" ({names})" if names else ""
    changed = f", with uncommitted changes{files}" if git["dirty"] else ""
    return f"{git['revision']}{changed}"


def _before(before: dict[str, Any]) -> list[str]:
    """Say which settings are not as in the run before; nothing if all are."""
    settings = before.get("settings", ())
    head = f"settings changed since run {before['run_id']}:" if settings else ""
    return [head, *(f"  {line}" for line in settings)] if settings else []


def _steps(books: list[dict[str, Any]]) -> list[str]:
    width = max((len(book["step"]) for book in books), default=4)
    lines = [f"{'step':<{width}} {'in':>13} {'added':>10} {'out':>13}  removed"]
    for book in books:
        line = f"{book['step']:<{width}} {book['rows']:>13,} {book['added']:>10,} "
        lines.append(f"{line}{book['out']:>13,}  {', '.join(_gone(book))}".rstrip())
    return lines


def _outputs(outputs: list[dict[str, Any]]) -> list[str]:
    lines = [f"{'':<11} {'rows':>13} {'files':>9} {'size':>9}  place"]
    for one in outputs:
        name = OUTPUTS.get(one["output"], one["output"])
        line = f"{name:<11} {one['rows']:>13,} {one['files']:>9,} "
        place = one["place"] + ("" if one["published"] else "  (not published yet)")
        lines.append(f"{line}{size(one['bytes']):>9}  {place}")
    return lines


def _attempt(tried: dict[str, Any], page: Page) -> list[str]:
    """Return what an attempt came to; of the last one that said nothing, what state it is in."""
    is_last = tried["number"] == page["attempts"]
    how = tried["ended"] or (page["state"] if is_last else "died")
    by = f"process {tried['pid']} on {tried['host']}: " if tried["host"] else ""
    if how == "abandoned":
        return [f"\nattempt {tried['number']}: {tried['started_at']} {by}the run was discarded"]
    said = [f"{counted(tried['settled'], 'partition')} completed"]
    said += [
        f"{counted(count, 'retry', 'retries')} ({kind})" for kind, count in tried["retries"].items()
    ]
    said += [f"{count:,} {kind}" for kind, count in tried["events"].items()]
    error = "" if is_last else tried["error"].partition("\n")[0]  # that of the last is shown below
    line = f"\nattempt {tried['number']}: {tried['started_at']} {by}{how}"
    line += f": {error}" if error else ""
    notes = [cluster(tried["cluster"], tried["cluster_why"])] if tried["cluster"] else []
    other = tried["user"] not in {"", page["user"]}
    notes += [f"user: {tried['user']}"] if other else []
    notes += [*tried["notes"], *tried["changes"]]
    notes += [f"warning: {text}" for text in tried["warnings"]]
    return [line, f"  {', '.join(said)}", *(f"  {note}" for note in notes)]


def _took(page: Page) -> str:
    return f"{page['seconds']:,.1f} s" if page["tried"] else "-"
