"""What was found out, as plain data and for a person to read."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from ingest.core.counts import counted
from ingest.measuring.findings import Findings
from ingest.measuring.what_if import NOISE
from ingest.watch.parts import parts, share, table
from ingest.watch.summary import size

CROWDED = 0.1


def page(found: Findings, hints: Sequence[str]) -> dict[str, Any]:
    """Return the findings as plain data; times in seconds, sizes in bytes."""
    sample, worked, totals = found.sample, found.worked, found.worked.totals
    return {
        "job": found.job.name,
        "plan": {
            "partitions": len(sample.sizes),
            "files": sample.files,
            "bytes": sum(sample.sizes),
            "largest_partition_bytes": max(sample.sizes),
        },
        "sample": {
            "partitions": len(sample.partitions),
            "bytes": sample.bytes,
            "threads": found.threads,
            "rows": {"read": totals.records, "written": totals.rows.get("main", 0),
                     "rejected": totals.rejected},
            "written_bytes": totals.bytes_written.get("main", 0),
            "peak_bytes": totals.peak_bytes,
            "seconds": worked.seconds,
            "warmup_s": worked.warmup_s,
            "waits_s": found.waits,
            "crowded": found.crowded,
            "by_partition": [
                {"partition": each.partition, "bytes": each.bytes,
                 "seconds": sum(each.seconds.values())}
                for each in worked.outcomes
            ],
        },
        "parts": [asdict(part) for part in parts(totals)],
        "checks": dict(found.checks),
        "estimate": {
            "start": asdict(found.start),
            "work_s": {str(number): found.work_s(number) for number in _crews(found)},
            "job_s": {str(number): found.job_s(number) for number in _crews(found)},
            "inline_s": found.inline_s,
        },
        "what_if": [asdict(each) for each in found.tried or ()],
        "hints": list(hints),
    }  # fmt: skip


def render(found: Findings, hints: Sequence[str]) -> str:
    """Return the findings for a person to read."""
    sample, totals = found.sample, found.worked.totals
    threads = "one thread" if found.threads == 1 else f"{found.threads} threads"
    several = counted(len(sample.sizes), "partition")
    head = f"{found.job.name}: {len(sample.partitions):,} of {several} "
    head += f"processed here on {threads}, {size(sample.bytes)} of {size(sum(sample.sizes))}"
    rows = f"{counted(totals.rows.get('main', 0), 'row')}; {totals.rejected:,} rejected"
    lines = [
        head,
        "",
        *table(totals),
        "",
        f"  written      {size(totals.bytes_written.get('main', 0))}, {rows}",
        f"  peak memory  {size(totals.peak_bytes)}, one partition at a time",
        f"  warm-up      {found.worked.warmup_s:.2f} s, once for each worker",
    ]
    if found.crowded >= CROWDED:
        lines.append(
            f"the machine is busy: other programs used {found.crowded:.0%} of the processor's "
            "time, so all times are longer than usual"
        )
    if found.checks:
        lines += [
            "",
            "checks: the condition of each check alone, on one partition",
            *_checks(found),
        ]
    lines += ["", *_estimate(found)]
    if found.tried is not None:
        lines += ["", "what if: other settings on the sample, alternating with the job as it is"]
        lines += list(_tried(found)) or ["  no other settings to try"]
    said = [f"  - {text}" for text in hints] or ["  nothing to improve in these figures"]
    return "\n".join([*lines, "", "what would help", *said])


def _checks(found: Findings) -> Iterator[str]:
    width = max(len(name) for name, _ in found.checks)
    one = sum(found.worked.outcomes[0].seconds.values())
    for name, seconds in found.checks:
        yield f"  {name:<{width}} {seconds:>10.4f} s {share(seconds, one):>6.1%}"


def _estimate(found: Findings) -> Iterator[str]:
    sizes, start = found.sample.sizes, found.start
    yield (
        f"the whole job, estimated: {counted(len(sizes), 'partition')}, {size(sum(sizes))}, "
        f"{found.work_s(1):,.1f} s of processing, each worker on its own core"
    )
    yield f"  to start     {start.ready_s:.1f} s until the plan is ready"
    if found.cluster != "inline":
        yield f"               {start.workers_s:.1f} s until workers are ready ({start.known_from})"
    yield f"  inline       {found.inline_s:,.1f} s, in one process"
    for number in _crews(found):
        workers = counted(number, "worker")
        as_set = ", as set" if number == found.workers else ""
        work = f"{found.work_s(number):,.1f} s of it processing{as_set}"
        yield f"  {workers:<12} {found.job_s(number):,.1f} s, {work}"


def _crews(found: Findings) -> list[int]:
    """Return for how many workers, each on a core of its own, the time is estimated."""
    if found.cluster == "inline":
        return []
    return sorted({1, found.workers, 2 * found.workers})


def _tried(found: Findings) -> Iterator[str]:
    tried = found.tried or ()
    width = max((len(each.setting) for each in tried), default=0)
    for each in tried:
        change = f"{abs(each.seconds - 1):.0%} {'less' if each.seconds < 1 else 'more'} time"
        if not each.told:
            change = f"no difference above the noise of {max(each.noise, NOISE):.0%}"
        yield (
            f"  {each.setting:<{width}}  {change}, output {each.written - 1:+.1%}, "
            f"peak {size(each.peak_bytes)}"
        )
