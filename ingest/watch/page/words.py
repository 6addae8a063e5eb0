"""Numbers, times and texts as the page shows them: the filters of its templates."""

from datetime import UTC, datetime

from ingest.core.counts import counted
from ingest.core.faults import fault
from ingest.core.outcome import places
from ingest.watch.summary import OUTPUTS, size

STATES = {
    "running": ("●", "running"),
    "done": ("✓", "done"),
    "failed": ("✕", "failed"),
    "interrupted": ("‖", "stopped"),
    "died": ("✕", "died"),
    "damaged": ("!", "damaged"),
    "unreadable": ("!", "unreadable"),
    "discarded": ("–", "discarded"),
    "removed": ("–", "removed"),
}
"""A sign and a word for each state: nobody has to tell them by colour."""
LIVE = {"new": "planning", "planned": "processing", "committed": "publishing"}


def number(value: float | None) -> str:
    """Return a count with its thousands apart; a dash where there is none."""
    return "–" if value is None else f"{value:,.0f}"


def compact(value: float) -> str:
    """Return a count in at most five characters: `1.2M`."""
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= unit:
            scaled = value / (1e3 if name == "k" else unit)
            return f"{scaled:.0f}{name}" if scaled >= 100 else f"{scaled:.1f}{name}"
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def percent(share: float) -> str:
    """Return a share in percent; a small one is not nothing, and not all is not all."""
    if 0 < share < 0.001:
        return f"{100 * share:.1g} %" if share >= 1e-6 else "<0.0001 %"
    if 0.999 < share < 1:
        return "99.9 %"
    return f"{100 * share:.0f} %" if share in {0, 1} else f"{100 * share:.1f} %"


def duration(seconds: float) -> str:
    """Return a time in its two largest units: `3 m 20 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for large, small, length, rest in (("d", "h", 86400, 3600), ("h", "m", 3600, 60)):
        if whole >= length:
            return f"{whole // length} {large} {whole % length // rest} {small}"
    return f"{whole // 60} m {whole % 60} s" if whole >= 60 else f"{whole} s"


def moment(at: str) -> str:
    """Return when something was, UTC, to the second: `2026-11-30 06:18:38`."""
    try:
        return f"{datetime.fromisoformat(at).astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return at or "–"


def short_moment(at: str) -> str:
    """Return the same to the minute and without the year, which the list has no room for."""
    told = moment(at)
    return told[5:16] if len(told) > 16 else told


def state_word(state: str, phase: str = "") -> str:
    """Return how a run stands, in a word."""
    if state == "running":
        return LIVE.get(phase, "running")
    return STATES.get(state, ("", state))[1]


def state_sign(state: str) -> str:
    """Return the sign of a state."""
    return STATES.get(state, ("?", ""))[0]


def measured(value: float, unit: str) -> str:
    """Return a value of a plot with its unit."""
    if unit == "duration":
        return duration(value)
    return percent(value) if unit == "share" else compact(value)


def output_name(name: str) -> str:
    """Return what an output is called for people."""
    return OUTPUTS.get(name, name)


FILTERS = {
    "number": number, "compact": compact, "percent": percent, "duration": duration,
    "moment": moment, "short_moment": short_moment, "state_word": state_word,
    "state_sign": state_sign, "measured": measured, "fault": fault, "bytes": size,
    "places": places, "output_name": output_name, "counted": counted,
}  # fmt: skip
