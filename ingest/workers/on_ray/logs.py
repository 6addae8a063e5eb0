"""Where the logs of a Ray are that cannot be asked, and the error that sends the user there."""

import os
import tempfile
from pathlib import Path

from ingest.core.errors import FatalError


def likely_logs() -> str:
    """Return where a Ray that is not there yet, or no more, has most likely put its logs."""
    root = os.environ.get("RAY_TMPDIR") or tempfile.gettempdir()
    return str(Path(root) / "ray" / "session_latest" / "logs")


def broken(what: str, logs: str) -> FatalError:
    """Return the error of a pool that has broken down for good; without `logs`, the likely ones."""
    return FatalError(
        f"workers: {what}. Logs: {logs or likely_logs()}. Run the same command again to resume"
    )
