"""What is said when an unfinished run is resumed, and of inputs that are not as planned."""

from ingest.core.counts import counted
from ingest.records.ledger import Event


def resuming(event: Event) -> list[str]:
    """Return what an event `attempt` of a resumed run tells, a text for each line."""
    first = f"resuming run {event['run_id']} (attempt {event.get('number', '')}): "
    if event["phase"] == "committed":
        first += "all checks passed; publishing the rest"
    else:
        partitions = counted(event["partitions"], "partition")
        first += f"{event['settled']:,} of {partitions} completed"
    changed = [str(change) for change in event.get("changes", ())]
    return [first, *changed, *warnings(event)]


def warnings(event: Event) -> list[str]:
    """Return the warnings that an event `attempt` holds, a text for each line."""
    return [f"warning: {text}" for text in event.get("warnings", ())]


_HAPPENED = {"changed": "changed", "vanished": "disappeared"}


def happened(fate: str, count: int) -> str:
    """Return what happened to so many inputs: `2 input files changed`."""
    verb = "were touched (same size and time)" if count != 1 else "was touched (same size and time)"
    return f"{counted(count, 'input file')} {_HAPPENED.get(fate, verb)}"


def inputs(event: Event) -> list[str]:
    """Return what an event `inputs` tells, a text for each line."""
    return [
        f"{counted(count, 'new input file')} since the run was planned: this run keeps its plan, "
        "the next run reads them"
        if fate == "new"
        else f"{happened(fate, count)} after the run was planned{_read(count, event, fate)}"
        for fate, count in event["counts"].items()
    ]


def _read(count: int, event: Event, fate: str) -> str:
    still, them = event["open"].get(fate, 0), "it was" if count == 1 else "they were"
    if not still:
        return f", but {them} read before"
    if still == count:
        return f", before {them} fully read"
    return f"; {still:,} of them {'was' if still == 1 else 'were'} not fully read before"
