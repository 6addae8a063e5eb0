"""What a run came to, on one screen."""

from typing import TYPE_CHECKING, Any

from ingest.core.counts import counted
from ingest.core.faults import fault_and_reason
from ingest.storage.store import state_option

if TYPE_CHECKING:
    from ingest.core.types import Schema

REASONS_SHOWN = 5
OUTPUTS = {"main": "output"}
"""What outputs are called where people read of them, if it is not their name on record."""
REASONS = {"quarantined": "rejected", "skipped": "rejected and dropped"}
"""What became of rows, where it is called otherwise on record."""
CLUSTERS = {
    "inline": "one process on this machine",
    "processes": "processes on this machine",
    "local": "Ray on this machine",
    "kuberay": "Ray on Kubernetes",
}
"""Where partitions are processed, by the name of the cluster."""
PHASES = {"plan": "plan", "work": "process", "publish": "publish"}
"""What a run does one after the other, as it is called on record and here."""
Receipt = dict[str, Any]


def summary(receipt: Receipt, state: str, connection: str = "") -> str:
    """Return the summary of a finished run: rows, books, places, and what to type next.

    `connection` is the name of the one that the state is reached by, if it has one.
    """
    where = f"{state}/runs/{receipt['run_id']}/receipt.json"
    option = state_option(state, connection)
    books, outputs = receipt["books"], receipt["outputs"]
    main, inputs = outputs["main"], receipt["inputs"]
    if inputs.get("nothing_new"):
        return nothing_new(receipt)
    read = books[0]["rows"] if books else 0
    lines = [
        f"{receipt['job']['name']}: published. Run {receipt['run_id']}",
        "",
        _line("read", read, f"{size(inputs['bytes'])}  {counted(inputs['files'], 'file')}"),
        *(f"               {remark}" for remark in inputs["remarks"]),
        *_moves(books),
        _line("written", main["rows"], _written(main, receipt)),
        _time(receipt),
        "",
        *_rejects(receipt["errors"], f"ingest status {receipt['run_id']}{option}"),
        *(f"  warning: {text}" for text in receipt.get("warnings", ())),
        f"  output       {main['uri']}",
    ]
    if outputs.get("quarantine", {}).get("rows"):
        lines.append(f"  quarantine   {outputs['quarantine']['uri']}")
    next_step = f"  To check the published files later: ingest verify {receipt['run_id']}{option}"
    return "\n".join([*lines, f"  receipt      {where}", "", next_step])


def nothing_new(receipt: Receipt) -> str:
    """Say in a line that earlier runs have read all there is."""
    left_out = receipt["inputs"]["left_out"]
    known = f"earlier runs have read {counted(left_out, 'file')}" if left_out else "no files"
    return f"{receipt['job']['name']}: nothing new: {known}. Run {receipt['run_id']}"


def _written(main: Receipt, receipt: Receipt) -> str:
    if main.get("table"):
        effect = receipt["effects"]["main"]
        counts = [f"{effect[what]:,} {what}" for what in ("inserted", "updated", "ignored")]
        return ", ".join(text for text in counts if not text.startswith("0 ")) or "no rows"
    files = counted(main["files"], "file")
    return f"{size(main['bytes'])}  {files}" if main["rows"] else f"{files} without rows"


def _time(receipt: Receipt) -> str:
    """Return how long the last attempt took, and its rate: earlier ones may have been killed."""
    last, again = receipt["last_attempt"], receipt["attempts"] > 1
    seconds = last["seconds"]
    parts = {name: seconds[name] for name in PHASES if name in seconds}
    took = sum(parts.values())
    split = ", ".join(f"{PHASES[name]} {value:.1f} s" for name, value in parts.items())
    if "first_outcome" in seconds:
        split += f"; first partition completed after {seconds['first_outcome']:.1f} s"
    rate = f"{last['rows'] / max(took, 1e-3):,.0f} rows/s" if last["rows"] else "no rows read"
    which = f", attempt {receipt['attempts']}: {counted(last['rows'], 'row')}" if again else ""
    return f"  {'time':<12} {took:>14.1f} s     {rate}  ({split}{which})"


def _moves(books: list[dict[str, Any]]) -> list[str]:
    lines = []
    for book in books:
        where, named = by_step(book["step"]), book["filtered"]
        dropped = dict(book["dropped"])
        if unnamed := dropped.pop("filtered", 0) - sum(named.values()):
            lines.append(_line("filtered", unnamed, where))
        lines += [_line("filtered", count, f"{where}: {why}") for why, count in named.items()]
        lines += [
            _line("rejected", count, _how(where, why))
            if why in REASONS
            else _line(why, count, where)
            for why, count in dropped.items()
        ]
        if book["added"]:
            lines.append(_line("added", book["added"], where))
    return lines


def _how(where: str, why: str) -> str:
    return f"{where}, dropped (on_error: skip)" if why == "skipped" else where


def cluster(name: str, why: str = "") -> str:
    """Say where partitions are processed, and why there, if the job leaves that open."""
    return f"cluster: {CLUSTERS.get(name, name)}" + (f" ({why})" if why else "")


def by_step(step: str) -> str:
    """Say which step rows were removed or added by: `0.filter` is step 0 (filter)."""
    number, _, kind = step.partition(".")
    if kind:
        return f"by step {number} ({kind})"
    return {"source": "while reading", "contract": "by the contract"}.get(step, f"by {step}")


def _rejects(errors: dict[str, int], status: str) -> list[str]:
    """Return the reasons of the rejected rows, under a heading: they are counted once, above.

    `status` is the command that shows all of them.
    """
    shown = sorted(errors.items(), key=lambda item: -item[1])[:REASONS_SHOWN]
    lines = ["  rejected rows by reason"] if shown else []
    lines += [_line("", count, fault_and_reason(reason)) for reason, count in shown]
    if more := len(errors) - len(shown):
        lines.append(f"  and {counted(more, 'more reason')}. To see all: {status}")
    return lines


def _line(what: str, rows: int, rest: str) -> str:
    return f"  {what:<12} {rows:>14,} {'row ' if rows == 1 else 'rows'}  {rest}"


def size(number: float) -> str:
    """Return bytes as a person reads them: `12.3 MB`."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if number < 1000 or unit == "TB":
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    raise AssertionError("the last unit always returns")


def columns(schema: "Schema | dict[str, str]", notes: dict[str, str] | None = None) -> list[str]:
    """Return one line for each column: name, type, and where the type came from."""
    width = max(map(len, schema), default=0)
    kinds = max((len(str(kind)) for kind in schema.values()), default=0)
    notes = notes or {}
    return [
        f"  {name:<{width}}  {kind!s:<{kinds}}  {notes.get(name, '')}".rstrip()
        for name, kind in schema.items()
    ]
