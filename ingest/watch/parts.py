"""Where the time of worked partitions went, part by part: read, decode, each step, and so on."""

import textwrap

from ingest.core.dataclass import dataclass
from ingest.records.totals import Totals

_WIDTH = 100
WRITING = ("stage", "encode", "write")
_MEANINGS = {
    "read": "read the input",
    "decode": "turn it into rows",
    "contract": "types and checks",
    "locate": "find file, line and text of rejected rows",
    "stage": "encode and write the output",
    "encode": "turn rows into the format of the output",
    "write": "write its files",
}
LEAST_S = 5e-3  # of less, a rate would say more about the clock


@dataclass(frozen=True, slots=True)
class Part:
    """What one part of the work took, over all partitions.

    `cpu_s` is for how many of the `seconds` the processor was busy; the rest is waiting. None if it
    is not on record. `rows` went in and `out` came out; None where no rows are counted.
    """

    name: str
    seconds: float
    cpu_s: float | None
    rows: int | None
    out: int | None


def parts(totals: Totals) -> list[Part]:
    """Return the parts in the order of the work."""
    books = {book.step: (book.rows, book.out) for book in totals.books.values()}
    books["decode"] = books.pop("source", (0, 0))
    written = sum(totals.rows.values())
    known: dict[str, tuple[int | None, int | None]] = {
        **books,
        "read": (None, totals.records),
        "locate": (totals.rejected, totals.rejected),
        **dict.fromkeys(WRITING, (written, written)),
    }
    return [
        Part(name, seconds, totals.cpu.get(name), *known.get(name, (None, None)))
        for name, seconds in totals.seconds.items()
    ]


def table(totals: Totals) -> list[str]:
    """Return a line for each part, one for all, and what the parts are.

    `busy` is the processor's share of a part's time; MB are of the input, as it lies on storage.
    """
    found = parts(totals)
    width = max([len(part.name) for part in found] + [len("part")])
    whole = sum(part.seconds for part in found)
    head = f"  {'part':<{width}} {'seconds':>10} {'share':>6} {'busy':>6} {'rows in':>14} "
    head += f"{'rows out':>14} {'rows/s':>13} {'MB/s':>9}"
    lines = [_line(part, width, whole, totals.bytes_read) for part in found]
    out = totals.rows.get("main", 0)
    cpu_s = sum(totals.cpu.values()) if totals.cpu else None
    all_of_it = Part("all", whole, cpu_s, totals.records, out)
    known = "; ".join(
        f"{part.name}: {_MEANINGS[part.name]}" for part in found if part.name in _MEANINGS
    )
    legend = textwrap.wrap(known, _WIDTH, initial_indent="  ", subsequent_indent="  ")
    return [head, *lines, _line(all_of_it, width, whole, totals.bytes_read), "", *legend]


def share(seconds: float, whole: float) -> float:
    """Return which part of the whole it is; 0 of nothing."""
    return seconds / whole if whole > 0 else 0.0


def _line(part: Part, width: int, whole: float, size: int) -> str:
    busy = "" if part.cpu_s is None else f"{share(part.cpu_s, part.seconds):.0%}"
    rows = part.rows if part.rows is not None else part.out
    return (
        f"  {part.name:<{width}} {part.seconds:>10.3f} {share(part.seconds, whole):>6.1%} "
        f"{busy:>6} {_count(part.rows):>14} {_count(part.out):>14} "
        f"{_rate(rows, part.seconds):>13} {_rate(size / 1e6, part.seconds):>9}"
    ).rstrip()


def _count(rows: int | None) -> str:
    return "" if rows is None else f"{rows:,}"


def _rate(amount: float | None, seconds: float) -> str:
    """Return so much in a second, if that can be told."""
    return f"{amount / seconds:,.0f}" if amount and seconds >= LEAST_S else ""
