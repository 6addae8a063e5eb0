"""When a job runs by itself: `schedule` in a job."""

from typing import Literal

from pydantic import field_validator

from ingest.core import cron
from ingest.core.model import Model


class Schedule(Model):
    """`ingest k8s render` writes a CronJob or RayCronJob from it. `ingest run` ignores it."""

    cron: str
    """When to run: minute, hour, day of the month, month, day of the week, such as `30 2 * * *`
    for 02:30 every day."""
    timezone: str = "UTC"
    """The time zone of `cron`, such as `Europe/Berlin`."""
    overlap: Literal["skip", "queue"] = "skip"
    """What happens at that time if the job is still running: `skip` leaves this run out, and ends
    with exit code 0; `queue` waits for the other run and then starts."""

    @field_validator("cron")
    @classmethod
    def _is_a_cron(cls, text: str) -> str:
        if wrong := cron.mistake(text):
            raise ValueError(wrong)
        return text

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, text: str) -> str:
        if wrong := cron.unknown_zone(text):
            raise ValueError(wrong)
        return text
