"""What a run was made with: code revision, package versions, machine; and who works on it."""

import getpass
import os
import platform
import re
import socket
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ingest.core.credentials import masked
from ingest.core.git import asked

PACKAGES = (
    "ingest", "ray", "polars", "pyarrow", "pydantic", "hydra-core", "omegaconf", "fsspec", "s3fs",
)  # fmt: skip

_MOST_FILES = 200
_VERSION = re.compile(r"^Version: *(\S+)", re.MULTILINE)


def environment(
    extensions: Mapping[str, str], made_with: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the facts that reproduce a run, as plain data.

    `extensions` are the versions of other packages whose types it uses, `made_with` the rest if it
    is known already.
    """
    facts = dict(made_with or surroundings())
    return {**facts, "versions": {**facts["versions"], **extensions}}


def surroundings() -> dict[str, Any]:
    """Return those of the facts that are the same for all jobs. Asks Git, and takes 50 ms."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "versions": {name: _version(name) for name in PACKAGES},
        "git": git_revision(),
        "user": user(),
    }


def who() -> dict[str, Any]:
    """Return who works here, as events say it: host, process and user."""
    return {"host": socket.gethostname(), "pid": os.getpid(), "user": user()}


def user() -> str:
    """Return the name that this process's user logs in with; its number where it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container that runs under a number which is in no passwd
        return f"uid {os.getuid()}"


def git_revision() -> dict[str, Any]:
    """Return the working directory's revision and whether it has changes; empty outside git."""
    revision, _, root = _git("rev-parse", "HEAD", "--show-toplevel").partition("\n")
    if not revision:
        return {}
    url = masked(_git("remote", "get-url", "origin"))
    files = _changed_files(root)
    return {
        "revision": revision,
        "dirty": bool(files),
        **({"files": files} if files else {}),
        **({"url": url} if url else {}),
    }


def _changed_files(root: str) -> dict[str, str]:
    """Return the tracked files that are not as committed, with digests of what is in them now.

    Of more than `_MOST_FILES`, and of what is no file any more, only the names.
    """
    names = _git("-C", root, "diff", "--name-only", "-z", "HEAD").split("\0") if root else []
    names = [name for name in names if name]
    there = [name for name in names if (Path(root) / name).is_file()][:_MOST_FILES]
    digests = _git("-C", root, "hash-object", "--", *there).split() if there else []
    return dict.fromkeys(names, "") | dict(zip(there, digests, strict=False))


@cache
def _version(package: str) -> str:
    """Return the version of an installed package, empty if it is not there.

    `importlib.metadata.version` parses all that the package says of itself: 15 ms for nine of them.
    """
    from importlib.metadata import (  # noqa: PLC0415 - 20 ms that `status` need not pay
        PackageNotFoundError,
        distribution,
        version,
    )

    try:
        said = distribution(package).read_text("METADATA") or ""
    except PackageNotFoundError:
        return ""
    line = _VERSION.search(said)
    return line[1] if line else version(package)


def _git(*arguments: str) -> str:
    answer = asked(*arguments)
    return answer.stdout.strip() if answer and answer.returncode == 0 else ""
