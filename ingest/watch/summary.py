"""What a run came to, on one screen."""

from typing import Any

from ingest.core.types import Schema

REASONS_SHOWN = 5
Receipt = dict[str, Any]


def summary(receipt: Receipt, where: str) -> str:
    """Return the summary of a finished run: rows, books, places, and what to type next."""
    books, outputs, seconds = receipt["books"], receipt["outputs"], receipt["seconds"]
    read = books[0]["rows"] if books else 0
    took = sum(v for name, v in seconds.items() if name in {"plan", "work", "publish"})
    rate = f"{read / took:,.0f} rows/s" if took else "-"
    main = outputs["main"]
    lines = [
        f"{receipt['job']['name']}: published. Run {receipt['run_id']}",
        "",
        f"  read         {read:>14,} rows  {size(receipt['inputs']['bytes']):>9}  "
        f"{receipt['inputs']['files']:,} files",
    ]
    for book in books:
        for reason, count in book["dropped"].items():
            lines.append(f"  {reason:<12} {count:>14,} rows  in {book['step']}")
        if book["added"]:
            lines.append(f"  {'added':<12} {book['added']:>14,} rows  in {book['step']}")
    lines += [
        f"  written      {main['rows']:>14,} rows  {size(main['bytes']):>9}  {main['files']:,} files",
        f"  time         {took:>14.1f} s     {rate}  "
        f"(plan {seconds.get('plan', 0):.1f}, work {seconds.get('work', 0):.1f}, "
        f"publish {seconds.get('publish', 0):.1f})",
        "",
    ]
    for reason, count in list(receipt["errors"].items())[:REASONS_SHOWN]:
        lines.append(f"  rejected     {count:>14,} rows  {reason}")
    if more := len(receipt["errors"]) - REASONS_SHOWN:
        lines += [f"               and {more} more reasons, in the receipt"] if more > 0 else []
    lines.append(f"  output       {main['uri']}")
    if "quarantine" in outputs and outputs["quarantine"]["rows"]:
        lines.append(f"  quarantine   {outputs['quarantine']['uri']}")
    lines += [
        f"  receipt      {where}",
        "",
        f"  check it again: ingest verify {receipt['run_id']}",
    ]
    return "\n".join(lines)


def size(number: float) -> str:
    """Return bytes as a person reads them: `12.3 MB`."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if number < 1000 or unit == "TB":
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    raise AssertionError("the last unit always returns")


def columns(schema: Schema | dict[str, str], notes: dict[str, str] | None = None) -> list[str]:
    """Return one line for each column: name, type, and where the type came from."""
    width = max((len(name) for name in schema), default=0)
    notes = notes or {}
    return [
        f"  {name:<{width}}  {kind!s:<14}  {notes.get(name, '')}".rstrip()
        for name, kind in schema.items()
    ]
