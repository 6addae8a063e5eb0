"""What is said when an unfinished run is resumed, and of inputs that are not as planned."""

from ingest.records.ledger import Event


def resuming(event: Event) -> list[str]:
    """Return what an event `attempt` of a resumed run tells, a text for each line."""
    first = f"resuming run {event['run_id']} (attempt {event.get('number', '')}): "
    if event["phase"] == "committed":
        first += "output is committed; publishing the rest"
    else:
        first += f"{event['settled']:,} of {event['partitions']:,} partitions completed"
    changed = [str(change) for change in event.get("changes", ())]
    return [first, *changed, *warnings(event)]


def warnings(event: Event) -> list[str]:
    """Return the warnings that an event `attempt` holds, a text for each line."""
    return [f"warning: {text}" for text in event.get("warnings", ())]


_SAID = {
    "changed": "{} inputs changed since planning",
    "vanished": "{} inputs are gone since planning",
    "touched": "{} inputs were touched since planning, but have the same size and time",
    "new": "{} new inputs since planning: this run keeps its plan, the next run reads them",
}


def inputs(event: Event) -> list[str]:
    """Return what an event `inputs` tells, a text for each line."""
    lines = []
    for fate, count in event["counts"].items():
        text = _SAID[fate].format(f"{count:,}")
        if fate != "new":
            still = event["open"].get(fate, 0)
            text += f", {still:,} of them not read yet" if still else "; all were read before"
        lines.append(text)
    return lines
