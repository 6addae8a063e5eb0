"""Asking Git, whichever the user has; there may be none."""

import subprocess


def asked(*arguments: str, within_s: float = 5) -> subprocess.CompletedProcess[str] | None:
    """Return what Git answers; None if it is not there, or does not answer in time."""
    try:
        return subprocess.run(  # noqa: S603 - no argument of a user
            ["git", *arguments],  # noqa: S607 - whichever git the user has
            capture_output=True,
            text=True,
            check=False,
            timeout=within_s,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
