"""What is said when an unfinished run is gone on with, and of inputs that are not as planned."""

from ingest.records.ledger import Event


def resuming(event: Event) -> list[str]:
    """Return what an event `attempt` of a resumed run tells, a text for each line."""
    run = f"going on with run {event['run_id']}"
    number = event.get("number", "")
    if event["phase"] == "committed":
        first = f"{run}: it is committed, what is not published yet is published now"
        first += f"; attempt {number}"
    else:
        settled = f"{event['settled']:,} of {event['partitions']:,} partitions are settled"
        first = f"{run}: {settled}, attempt {number}; nothing settled is worked again"
    changed = [str(change) for change in event.get("changes", ())]
    return [first, *changed, *warnings(event)]


def warnings(event: Event) -> list[str]:
    """Return the warnings that an event `attempt` holds, a text for each line."""
    return [f"warning: {text}" for text in event.get("warnings", ())]


_SAID = {
    "changed": "{} inputs have changed since the plan was made",
    "vanished": "{} inputs have vanished since the plan was made",
    "touched": "{} inputs were touched since the plan was made, and have size and time as planned: "
    "taken for the same",
    "new": "{} new inputs: this run keeps its plan, the next run takes them",
}


def inputs(event: Event) -> list[str]:
    """Return what an event `inputs` tells, a text for each line."""
    lines = []
    for fate, count in event["counts"].items():
        text = _SAID[fate].format(f"{count:,}")
        if fate in {"changed", "vanished"}:
            still = event["open"].get(fate, 0)
            text += f", {still:,} of them not settled" if still else "; all of them is settled"
        lines.append(text)
    return lines
