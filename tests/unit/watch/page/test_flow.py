"""The flow of a run: how fast rows went through its steps."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.scripts.recorded import Recorded
from ingest.records.events import AttemptBegan
from ingest.storage.objects import LocalStore
from ingest.watch.page.flow import flow
from ingest.watch.page.following import Followed

THEN = datetime(2026, 11, 1, tzinfo=UTC)


def rates(tmp_path, *runs):
    """Return rows/s of the source and the contract of a run with these attempts."""
    followed = Followed(LocalStore(tmp_path), "r", "demo", state="done")
    for events in runs:
        for event in events:
            followed.story.see(event)
    return [round(node.rate) for node in flow(followed) if node.kind in {"source", "contract"}]


def test_rates_of_a_run_that_was_killed_and_resumed_are_over_all_its_time(tmp_path):
    whole = Recorded("demo", THEN, partitions=10)  # 1,000 rows each half a second
    assert rates(tmp_path, whole.events()) == [2000, 1800]
    killed = Recorded("demo", THEN, partitions=10, completed=8, ending="")
    again = replace(whole, began=THEN + timedelta(hours=1))
    begun, *rest = [event for event in again.events() if event.name != "planned"]
    assert isinstance(begun, AttemptBegan)
    late = [replace(begun, number=2, resumed=True), *rest[8:]]
    first_s, second_s = 8 * 0.5 + 0.2, 10 * 0.5 + 0.5
    assert rates(tmp_path, killed.events(), late) == pytest.approx(
        [10_000 / (first_s + second_s), 9_000 / (first_s + second_s)], abs=1
    )
