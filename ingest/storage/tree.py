"""Moves in a local file tree that a power cut cannot undo, and that may safely be made twice.

Every function here is one step for a reader: before it the tree is as it was, after it as asked.
What a function has made is durable only once `sync` has returned for the folder it lies in.
"""

import contextlib
import ctypes
import errno
import functools
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_CANNOT_EXCHANGE = {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EXDEV, errno.EBUSY}
_MAKE_ATTEMPTS = 5


def sync(folder: Path) -> None:
    """Make the names in a folder durable: what was created, moved or removed in it stays so."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_name(folder: Path) -> None:
    """Make a folder's own name durable, if this user may read the folder that it lies in."""
    with contextlib.suppress(PermissionError):
        sync(folder.parent)


def make_folder(folder: Path) -> None:
    """Create a folder and those above it, durably. Does nothing if it exists.

    Another process may remove an empty parent between two of our steps, so it is tried again.
    """
    if folder.is_dir():
        return
    if folder.parent.is_dir():
        sync_name(folder.parent)  # who made it may have died before doing so
    else:
        make_folder(folder.parent)
    for attempt in range(_MAKE_ATTEMPTS):
        try:
            folder.mkdir(exist_ok=True)
        except FileNotFoundError:
            if attempt == _MAKE_ATTEMPTS - 1:
                raise
            make_folder(folder.parent)
        else:
            break
    sync(folder.parent)


def make_folders(root: Path, names: Iterable[str]) -> None:
    """Create folders below one that exists, as relative paths with `/`, durably.

    As `make_folder`, but what they lie in is synced once for all of them.
    """
    wanted = {Path(name) for name in names}
    wanted.update([above for each in wanted for above in each.parents if above.name])
    missing = [each for each in sorted(wanted) if not (root / each).is_dir()]
    for each in missing:
        (root / each).mkdir(parents=True, exist_ok=True)
    for parent in sorted({each.parent for each in missing}):
        sync(root / parent)


def move(source: str | Path, target: str | Path) -> bool:
    """Rename a file to another folder of the same file system, which is made if it is missing.

    Returns whether there was anything at `source`; if not, nothing has happened.
    """
    for attempt in range(_MAKE_ATTEMPTS):
        try:
            os.rename(source, target)  # noqa: PTH104 - pathlib keeps the names it has seen
        except FileNotFoundError:
            # Either the source is gone, or the target's folder: a late attempt may just have
            # removed it as empty.
            if not os.path.lexists(source):
                return False
            if attempt == _MAKE_ATTEMPTS - 1:
                raise
            make_folder(Path(target).parent)
        else:
            return True
    return False


def write_once(path: Path, chunks: Iterable[bytes], beside: Path) -> bool:
    """Create a file whole and durable, unless it exists; say whether it was created.

    `beside` is a folder of the same file system that nobody reads, where it is written first. It
    may be removed meanwhile by whoever has created the file before us.
    """
    if path.exists():
        return False
    make_folder(path.parent)
    make_folder(beside)
    # A name of its own: two attempts that shared one could link what the other has just truncated.
    scratch = beside / f"{path.name}-{secrets.token_hex(6)}.staged"
    with scratch.open("wb") as file:
        file.writelines(chunks)
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(scratch)
    except (FileExistsError, FileNotFoundError):
        if not path.exists():
            raise
        return False
    finally:
        scratch.unlink(missing_ok=True)
    sync(path.parent)
    return True


def exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step that no reader can see half of.

    Returns False, having changed nothing, where the system or the file system cannot do it.

    Raises:
        FileNotFoundError: one of them does not exist.
    """
    renameat2 = _renameat2()
    if renameat2 is None:
        return False
    names = os.fsencode(one), os.fsencode(other)
    if renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _CANNOT_EXCHANGE:
        return False
    raise OSError(code, os.strerror(code), str(one), None, str(other))


def files(root: Path) -> Iterator[str]:
    """List the files below a folder, as sorted relative paths with `/`; nothing if it is missing.

    Symbolic links count as files and are not followed.
    """
    folders: set[str] = set()
    try:
        names = sorted(_names(root, folders))
    except FileNotFoundError:
        return
    for name in names:
        if name in folders:
            yield from (f"{name}/{inner}" for inner in files(root / name))
        else:
            yield name


def _names(folder: Path, folders: set[str]) -> Iterator[str]:
    """Yield the names in a folder, and collect those of folders: entries would take more memory."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.add(entry.name)
            yield entry.name


def size(path: Path) -> int:
    """Return the bytes of a file, or of all files below a folder, as far as they are still there.

    Raises:
        FileNotFoundError: there is none.
    """
    if not path.is_dir() or path.is_symlink():
        return path.lstat().st_size
    total = 0
    for name in files(path):
        with contextlib.suppress(FileNotFoundError):
            total += (path / name).lstat().st_size
    return total


def folders(root: Path) -> Iterator[str]:
    """List the folders below a folder, as relative paths; links are not followed."""
    inside: set[str] = set()
    for _ in _names(root, inside):
        pass
    for name in sorted(inside):
        yield name
        yield from (f"{name}/{inner}" for inner in folders(root / name))


def copy_attributes(source: Path, target: Path) -> None:
    """Give a folder the owner, group, mode and extended attributes of another, as far as one may.

    Extended attributes are where access control lists are kept.
    """
    status, now = source.stat(), target.stat()
    for owner, group in ((-1, status.st_gid), (status.st_uid, -1)):
        if (owner, group) not in {(-1, now.st_gid), (now.st_uid, -1)}:
            with contextlib.suppress(OSError):  # only root gives files away
                os.chown(target, owner, group)
    target.chmod(stat.S_IMODE(status.st_mode))
    if hasattr(os, "listxattr"):
        with contextlib.suppress(OSError):
            for name in os.listxattr(source):
                with contextlib.suppress(OSError):
                    os.setxattr(target, name, os.getxattr(source, name))


def share(source: Path, target: Path) -> None:
    """Let whoever may write to one folder write to another, as far as its owner is this user."""
    with contextlib.suppress(PermissionError):
        copy_attributes(source, target)


def hand_on_group(folder: Path, group: int) -> None:
    """Give a folder a group that what is made in it belongs to as well, as far as one may."""
    with contextlib.suppress(PermissionError):
        os.chown(folder, -1, group)
        folder.chmod(stat.S_IMODE(folder.stat().st_mode) | stat.S_ISGID)


def remove_empty(root: Path, folders: Iterable[str]) -> None:
    """Remove those folders below `root` that are empty, and what becomes empty above them."""
    for folder in sorted(folders, key=len, reverse=True):
        path = root / folder
        while path != root and _remove_if_empty(path):
            path = path.parent


def remove_tree(root: Path) -> None:
    """Remove a folder and all in it; harmless if it is missing or somebody else removes it too.

    What is created in it meanwhile stays, and its folder with it.
    """
    if root.is_symlink():
        root.unlink(missing_ok=True)
        return
    for name in files(root):
        (root / name).unlink(missing_ok=True)
    for folder, _, _ in os.walk(root, topdown=False):
        _remove_if_empty(Path(folder))


def _remove_if_empty(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError as error:
        if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
            raise
        return False
    return True


@functools.cache
def _renameat2() -> Any:
    """Return the C function, or None where the C library has none (macOS, musl before 1.2.5)."""
    try:
        function = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return None
    function.argtypes = [
        ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint,
    ]  # fmt: skip
    return function
