"""The catalogue: which runs it knows, and how each of them stands."""

import json
import shutil
from datetime import UTC, datetime

from benchmarks.scripts.recorded import Recorded
from ingest.records.events import AttemptBegan
from ingest.watch.page import catalogue as catalogues
from ingest.watch.page import following
from tests.unit.watch.page.asking import Asked, leased

THEN = datetime(2026, 11, 1, tzinfo=UTC)


def states(asked):
    asked.catalogue._listing_due = 0
    return {entry.job: entry.state for entry in asked.settle().newest()}


def test_a_run_is_known_by_its_receipt_as_by_its_ledger(tmp_path, monkeypatch):
    Recorded("demo", THEN, partitions=7, rejecting=3).write(tmp_path)
    by_receipt = Asked(tmp_path).settle().newest()
    monkeypatch.setattr(catalogues, "closed_entry", lambda *_: None)
    assert Asked(tmp_path).settle().newest() == by_receipt


def test_a_failed_run_that_is_resumed_runs_again(tmp_path):
    run = Recorded("demo", THEN, partitions=6, completed=2, ending="failed")
    run.write(tmp_path)
    asked = Asked(tmp_path)
    assert states(asked) == {"demo": "failed"}
    leased(tmp_path, "demo")
    run.append(tmp_path, iter([AttemptBegan(at="2026-11-01T01:00:00.000+00:00", number=2)]))
    states(asked)
    assert states(asked) == {"demo": "running"}


def test_a_run_elsewhere_lives_as_long_as_its_heart_beats(tmp_path, monkeypatch):
    monkeypatch.setattr(following, "LOOK_S", 0)
    run = Recorded("demo", THEN, completed=2, ending="")
    run.write(tmp_path)
    leased(tmp_path, "demo")
    asked = Asked(tmp_path)
    states(asked)
    assert states(asked) == {"demo": "running"}
    monkeypatch.setattr(following, "TIME_TO_LIVE_S", 0)
    assert states(asked) == {"demo": "died"}
    (watched,) = asked.catalogue.watched()
    assert watched.died  # what an alert asks for
    monkeypatch.undo()
    monkeypatch.setattr(following, "LOOK_S", 0)
    (tmp_path / "jobs/demo/lease/000001.beat").write_bytes(b"2")
    run.append(tmp_path, run.settled(range(2, 3)))
    states(asked)
    assert states(asked) == {"demo": "running"}


def test_runs_that_nobody_works_on_have_died(tmp_path):
    Recorded("demo", THEN, completed=2, ending="").write(tmp_path)
    asked = Asked(tmp_path)
    states(asked)
    asked.catalogue._open = {
        name: run
        for name, run in asked.catalogue._open.items()
        if setattr(run, "looked_at", -9) is None
    }
    assert states(asked) == {"demo": "died"}


def test_history_that_is_gone_is_no_error(tmp_path):
    run = Recorded("demo", THEN)
    run.write(tmp_path)
    Recorded("other", THEN, 1).write(tmp_path)
    asked = Asked(tmp_path)
    assert states(asked) == {"demo": "done", "other": "done"}
    (tmp_path / "runs" / run.run_id / "removed.json").write_text(
        json.dumps({"format": 1, "was": "done", "rows": {"read": 5}, "at": "2026-11-02T00:00:00Z"})
    )
    again = Asked(tmp_path)
    assert states(again) == {"demo": "removed", "other": "done"}
    assert again.get(f"/runs/{run.run_id}").status == 410
    shutil.rmtree(tmp_path / "jobs" / "demo")
    assert states(again) == {"other": "done"}


def test_what_workers_have_is_shown(tmp_path):
    run = Recorded("demo", THEN, partitions=9, completed=4, ending="")
    run.write(tmp_path)
    leased(tmp_path, "demo")
    page = json.dumps({"format": 1, "working": [3, 5, 8, 70]})  # 3 is done, 70 is no partition
    (tmp_path / "runs" / run.run_id / "status.json").write_text(page)
    asked = Asked(tmp_path)
    followed = asked.settle().followed(run.run_id)
    followed.looked_at = -9
    asked.settle()
    from ingest.watch.page.strip import strip

    whole = strip(followed).whole
    assert (whole.completed, whole.working, whole.waiting) == (4, 2, 3)


def test_a_job_is_due_by_the_schedule_of_its_last_run(tmp_path):
    schedules = {"often": 'schedule: {cron: "0 * * * *"}', "never": "",
                 "newer": 'schedule: {cron: "another form"}'}  # fmt: skip
    for number, (job, schedule) in enumerate(schedules.items()):
        run = Recorded(job, THEN, number, partitions=2)
        run.write(tmp_path)
        file = tmp_path / f"runs/{run.run_id}/job.yaml"
        file.write_text(f"{file.read_text()}{schedule}\n")
    asked = Asked(tmp_path)
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0).timestamp()
    text = asked.get("/metrics").text
    due = [line for line in text.splitlines() if line.startswith("ingest_job_due_timestamp")]
    ((name, value),) = (line.split() for line in due)
    assert name == 'ingest_job_due_timestamp_seconds{job="often"}'
    assert float(value) - now in {0, 3600}
