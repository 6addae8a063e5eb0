"""Cron expressions are read as Kubernetes reads them, and a mistake is named with its field."""

from datetime import UTC, datetime

import pytest

from ingest.core.cron import last_due, mistake, unknown_zone


@pytest.mark.parametrize(
    "cron", ["30 2 * * *", "*/15 8-18 * * mon-FRI", "0 0 1,15 jan ?", "5-50/5 * * * 0", "@daily"]
)
def test_what_kubernetes_takes(cron):
    assert mistake(cron) == ""


@pytest.mark.parametrize(
    ("cron", "said"),
    [
        ("* * * *", "has 4 fields. Write five fields"),
        ("60 * * * *", 'minute: "60" is out of range. Write 0 to 59'),
        ("* * 0 * *", 'day of the month: "0" is out of range. Write 1 to 31'),
        ("* * * * 7", 'day of the week: "7" is out of range. Write 0 to 6'),
        ("* 5-3 * * *", 'hour: "5-3" ends before it begins'),
        ("*/0 * * * *", 'minute: "*/0" has the step 0'),
        ("* * * foo *", 'month: "foo" is out of range'),
        ("a-b-c * * * *", 'minute: "a-b-c" cannot be read'),
        ("30 2 30 2 *", "never runs: no such month has a day 30"),
        ("0 0 31 */2,feb */2", ""),
        ("0 0 31 4-6/2,nov ?", "never runs"),
        ("0 0 30 feb mon", ""),
        ("@reboot", "is unknown"),
        ("CRON_TZ=UTC 1 1 * * *", "a time zone is a setting of its own"),
    ],
)
def test_a_mistake_is_named(cron, said):
    assert said in mistake(cron)


def test_time_zones_are_those_that_exist():
    assert unknown_zone("Europe/Berlin") == ""
    for zone in ("Berlin", "", "../etc/passwd", "/etc/localtime"):
        assert "there is no such time zone" in unknown_zone(zone)


@pytest.mark.parametrize(
    ("cron", "zone", "now", "due"),
    [
        ("30 2 * * *", "UTC", "2026-11-30T02:30", "2026-11-30T02:30"),
        ("30 2 * * *", "UTC", "2026-11-30T02:29", "2026-11-29T02:30"),
        ("30 2 * * *", "Europe/Berlin", "2026-11-30T02:00", "2026-11-30T01:30"),
        ("*/20 8-9 * * mon-fri", "UTC", "2026-11-30T07:00", "2026-11-27T09:40"),
        ("@hourly", "UTC", "2026-11-30T07:59", "2026-11-30T07:00"),
        ("0 0 13 * fri", "UTC", "2026-11-30T00:00", "2026-11-27T00:00"),  # one of them is enough
        ("0 0 */10 * ?", "UTC", "2026-11-30T00:00", "2026-11-21T00:00"),
        ("0 0 29 2 *", "UTC", "2026-11-30T00:00", "2024-02-29T00:00"),
        ("30 2 * * *", "Europe/Berlin", "2026-03-29T12:00", "2026-03-28T01:30"),  # left out
    ],
)
def test_when_a_run_was_due(cron, zone, now, due):
    moment, expected = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (now, due))
    assert last_due(cron, zone, moment) == expected
