"""Names that fit Kubernetes."""

import hashlib
import re
from datetime import UTC, datetime

LONGEST = {"RayCluster": 53, "RayJob": 47, "RayCronJob": 36, "CronJob": 52}
"""How long names may be, in characters: what Kubernetes and KubeRay make of them is longer."""
LONGEST_LABEL = 63
SCHEDULE = LONGEST["RayCronJob"]
"""How long the name of a schedule may be: the time that is added leaves that of a RayJob."""
_DIGEST = 7


def is_dns_label(name: str) -> bool:
    """Say whether a name is a DNS label (RFC 1035)."""
    return (
        len(name) <= LONGEST_LABEL and re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", name) is not None
    )


def dns_label(name: str, most: int = LONGEST_LABEL) -> str:
    """Return a name in the letters of DNS; a longer one ends in a digest, so that none are equal.

    `name` begins with a letter, as the names of jobs do.
    """
    text = re.sub(r"-+", "-", re.sub(r"[^a-z0-9]", "-", name.lower())).strip("-")
    if len(text) <= most and name == text.replace("-", "_"):
        return text
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
    return f"{text[: most - _DIGEST - 1].rstrip('-')}-{digest}"


def run_name(job: str, at: datetime) -> str:
    """Return the name of the RayJob of a run that is asked for at a time."""
    time = at.astimezone(UTC).strftime("%Y%m%d-%H%M%S")
    return f"{dns_label(job, LONGEST['RayJob'] - len(time) - 1)}-{time}"
