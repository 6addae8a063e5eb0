"""What each page shows, as values for its template. Called while the catalogue's lock is held."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ingest.watch.listing import following
from ingest.watch.page.catalogue import Catalogue
from ingest.watch.page.entry import ATTENTION, GROUPS, Entry
from ingest.watch.page.flow import flow
from ingest.watch.page.following import Followed
from ingest.watch.page.rendering import View
from ingest.watch.page.scatter import HEIGHT, LEFT, WIDTH, odd, plots
from ingest.watch.page.strip import strip
from ingest.watch.rules import rules
from ingest.watch.runs import page_of

PAGE = 50
TICKS = 20
DAY = timedelta(days=1)


def runs_view(catalogue: Catalogue, query: Mapping[str, str]) -> View:
    """Return the list of runs: filtered, `PAGE` at a time."""
    every = catalogue.newest()
    group, words = query.get("state", ""), query.get("q", "").lower().split()
    job = query.get("job", "")
    fitting = [
        entry
        for entry in every
        if (not job or entry.job == job) and (not words or entry.matches(words))
    ]
    counts = dict.fromkeys(GROUPS, 0) | Counter(entry.group for entry in fitting)
    shown = [entry for entry in fitting if not group or entry.group == group]
    pages = max(1, -(-len(shown) // PAGE))
    page = min(max(_whole(query.get("page", "1")), 1), pages)
    live = [entry for entry in every if entry.state == "running"]
    values = {
        **_common(catalogue, "runs"),
        "group": group, "job": job, "q": query.get("q", ""), "page": page, "pages": pages,
        "counts": counts, "fitting": len(fitting), "shown": len(shown),
        "running": len(live), "rate": sum(entry.rate for entry in live),
        "today": _today(every), "jobs": sorted({entry.job for entry in every}),
        "url": lambda **changes: _url(query, **changes),
    }  # fmt: skip
    lines = {entry.run_id: entry for entry in shown[PAGE * (page - 1) : PAGE * page]}
    return View("runs.html", values, row_template="row.html", rows=lines)


def jobs_view(catalogue: Catalogue, _: Mapping[str, str]) -> View:
    """Return the list of jobs, each with its last runs."""
    jobs: dict[str, list[Entry]] = defaultdict(list)
    for entry in catalogue.newest():
        jobs[entry.job].append(entry)
    cards = [
        {
            "name": name,
            "last": entries[0],
            "ticks": entries[TICKS - 1 :: -1] if len(entries) >= TICKS else entries[::-1],
            "published": next((one for one in entries if one.state == "done"), None),
            "runs": len(entries),
            "odd": odd(entries, entries[0]),
        }
        for name, entries in sorted(jobs.items())
    ]
    return View("jobs.html", {**_common(catalogue, "jobs"), "cards": cards})


def job_view(catalogue: Catalogue, job: str) -> View:
    """Return the history of a job."""
    entries = [entry for entry in catalogue.newest() if entry.job == job]
    if not entries:
        return missing_view(catalogue, f'no runs of a job "{job}" are recorded here')
    values = {
        **_common(catalogue, "jobs"), "job": job, "entries": entries[:PAGE],
        "total": len(entries), "plots": plots(entries),
        "odd": {entry.run_id: odd(entries, entry) for entry in entries[:PAGE]},
        "width": WIDTH, "height": HEIGHT, "left": LEFT,
    }  # fmt: skip
    return View("job.html", values)


def run_view(catalogue: Catalogue, run_id: str, here: str) -> View:
    """Return one run; `here` are the options that lead a command to its state."""
    known = catalogue.entries.get(run_id)
    if known is not None and known.state == "removed":
        text = f"the records of run {run_id} of {known.job} were removed by ingest clean"
        return missing_view(catalogue, text, 410)
    followed = catalogue.followed(run_id)
    if followed is None:
        return missing_view(catalogue, f'no run "{run_id}" is recorded here')
    entry = followed.entry()
    if known is not None and followed.is_behind:
        entry = known  # the numbers of its receipt, until its ledger is read
    telling = followed.story.telling
    page = page_of(
        run_id, followed.job, followed.facts, telling, state=followed.state, last=followed.last
    )
    job = followed.job_page
    values = {
        **_common(catalogue, "runs"),
        "run": page, "entry": entry, "behind": followed.is_behind,
        "owner": job.get("owner") or "", "purpose": job.get("description") or "",
        "nodes": flow(followed), "strip": strip(followed), "curve": _curve(followed),
        "starting": followed.story.starting if entry.state == "running" else "",
        "phases": telling.history.timings, "cluster": telling.history.cluster,
        "peak": telling.history.totals.peak_bytes, "size": telling.history.bytes,
        "done_size": telling.history.totals.bytes_read, "held": telling.history.held,
        "retries": telling.history.retries, "splits": telling.history.splits,
        "rules": rules(job.get("contract") or {}, telling.history.totals.errors),
        "judged": telling.history.is_complete,
        "troubles": followed.story.troubles[::-1],
        "next": following(page, here) if entry.state != "running" else {},
        "warnings": telling.history.warnings, "receipt": followed.receipt,
        "facts": followed.facts, "job_text": json.dumps(job, indent=2, default=str),
        "receipt_text": json.dumps(followed.receipt, indent=2) if followed.receipt else "",
    }  # fmt: skip
    return View("run.html", values)


def missing_view(catalogue: Catalogue, text: str, status: int = 404) -> View:
    """Return the page that says that there is nothing to show."""
    return View("missing.html", {**_common(catalogue, ""), "text": text}, status)


def _common(catalogue: Catalogue, section: str) -> dict[str, Any]:
    return {
        "section": section,
        "place": catalogue.store.uri(),
        "unread": catalogue.unread,
        "known": len(catalogue.entries),
        "problem": catalogue.problem,
    }


def _today(every: list[Entry]) -> dict[str, int]:
    """Return how the runs of the last day ended, and how many rows they have written."""
    since = (datetime.now(UTC) - DAY).isoformat()
    lately = [entry for entry in every if (entry.ended_at or entry.started_at) > since]
    done = [entry for entry in lately if entry.state == "done"]
    return {
        "done": len(done),
        "attention": sum(entry.state in ATTENTION for entry in lately),
        "written": sum(entry.written for entry in done),
        "rejected": sum(entry.rejected for entry in lately),
    }


def _curve(followed: Followed) -> str:
    """Return rows read over time as the points of a line, in a drawing of 100 by 24."""
    curve = followed.story.pace.curve
    seconds, rows = curve[-1] if curve else (0.0, 0)
    if len(curve) < 3 or not seconds or not rows:
        return ""
    return " ".join(f"{100 * at / seconds:.1f},{23 - 22 * read / rows:.1f}" for at, read in curve)


def _url(query: Mapping[str, str], **changes: object) -> dict[str, str]:
    """Return the query with some changes; what is empty is left out."""
    kept = {name: query[name] for name in ("state", "job", "q") if query.get(name)}
    merged = {**kept, **{name: str(value) for name, value in changes.items()}}
    return {name: value for name, value in merged.items() if value}


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1
