"""What can be told of a file system without writing to it."""

import sys
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_VIRTUAL = frozenset({
    "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts",
    "efivarfs", "fusectl", "mqueue", "nsfs", "proc", "pstore", "securityfs", "selinuxfs", "sysfs",
    "tracefs",
})  # fmt: skip


def virtual(path: Path) -> str:
    """Return what kind of file system a path lies on if it holds no files of users, else nothing.

    Root may "write" to these, by its rights, and gets strange errors when it does.
    """
    try:
        lines = _MOUNTS.read_bytes().splitlines()
    except OSError:  # there are none to be told where the system has no /proc
        return ""
    best, kind = "", ""
    for line in lines:
        mount, _, about = line.decode(errors="surrogateescape").partition(" - ")
        point = _unescaped(mount.split(" ")[4])
        if path.is_relative_to(point) and len(point) >= len(best):
            best, kind = point, about.split(" ")[0]
    return kind if kind in _VIRTUAL else ""


def names_encoding() -> str:
    """Return in which encoding names are written to disks, if that is not UTF-8, else nothing.

    Other readers take names for UTF-8, whatever locale they were written under.
    """
    encoding = sys.getfilesystemencoding()
    return "" if encoding.replace("-", "").lower() == "utf8" else encoding


def _unescaped(point: str) -> str:
    for code in ("\\040", "\\011", "\\012", "\\134"):
        point = point.replace(code, chr(int(code[1:], 8)))
    return point
