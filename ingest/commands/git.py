"""What Git says of a place: who its user is, and whether a folder is one that it tracks."""

from functools import partial
from pathlib import Path

from ingest.core.git import asked

_asked = partial(asked, within_s=2)


def user_email() -> str | None:
    """Return the address that Git knows its user by, if there is one."""
    answer = _asked("config", "user.email")
    return answer.stdout.strip() or None if answer else None


def tracks(folder: Path) -> bool:
    """Say whether Git would track files in a folder, which need not be there yet."""
    whole = folder.absolute()
    there = next(parent for parent in (whole, *whole.parents) if parent.is_dir())
    inside = _asked("-C", str(there), "rev-parse", "--is-inside-work-tree")
    if inside is None or inside.stdout.strip() != "true":
        return False
    ignored = _asked("-C", str(there), "check-ignore", "--quiet", str(whole / "file"))
    return ignored is not None and ignored.returncode == 1
