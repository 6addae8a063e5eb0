"""Making a run's files visible in a directory, in steps that may be cut off and repeated anywhere.

Putting (append, overwrite_partitions, and overwrite where directories cannot be exchanged):

1. each staged file is renamed to its final name, then the folders are synced;
2. the manifest is created, which says in one step what is new and what is replaced;
3. the replaced files are removed, by exact name, and folders that this left empty;
4. the staging folder goes, last, because its files are the sources of the first step.

Exchanging (overwrite of a whole directory), under a lock:

1. the staged files are renamed into `tree`, beside the directory, to their final names;
2. the manifests of earlier runs are linked into it, then this run's is created there;
3. `tree` and the directory are swapped in one step: readers see all of the new, none of the old;
4. the replaced files, now in `tree`, are removed. What the plan does not name goes back.

The manifest stands before anything is removed, so that a reader who goes by manifests is always
right, and that a late attempt, which finds it, knows there is nothing to put. Each step finds out
what is left to do from the names that are there, never from what happened earlier in this process.
"""

import stat
from collections.abc import Generator, Iterable, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path

from ingest.core import tree
from ingest.core.errors import FatalError
from ingest.core.lock import locked
from ingest.sinks import manifest
from ingest.sinks.base import PublishPlan
from ingest.sinks.content import data_files
from ingest.sinks.place import MANIFESTS, Place


def publish_steps(place: Place, plan: PublishPlan, lock_wait_s: float) -> Iterator[str]:
    """Publish, stopping after each operation to say what it was.

    Whoever takes only the first few has made a publisher that died there.

    Raises:
        FatalError: a staged file has vanished, or another process keeps the lock.
    """
    with locked(place.lock, lock_wait_s) if plan.exchange else nullcontext():
        if not manifest.exists(place.root, plan.run_id):
            exchanged = plan.exchange and (yield from _exchange(place, plan))
            if not exchanged:
                yield from _put(place, plan)
        # Also if an earlier attempt wrote the manifest: it may have died before it was durable.
        _sync_folders(place.root, [f"{MANIFESTS}/{plan.run_id}.json"])
        yield from _remove(place, plan)
        yield from _restore(place, plan)
        tree.remove_tree(place.staging(plan.run_id))
        yield "staging removed"
    tidy(place)


def tidy(place: Place) -> None:
    """Remove what late workers of published runs have staged, and the sibling if it is empty.

    A run whose manifest stands has put all its files: what is still staged for it, nobody needs.
    """
    runs: list[str] = []
    with suppress(FileNotFoundError):
        runs = [path.name for path in place.beside.iterdir()]
    for run_id in runs:
        if manifest.exists(place.root, run_id):
            for late in place.staging(run_id).glob("*.staged"):
                late.unlink(missing_ok=True)
            tree.remove_empty(place.beside, [run_id])
    tree.remove_empty(place.beside.parent, [place.beside.name])
    # What was removed stays so, also if an earlier attempt removed it and died before it was
    # durable: nobody looks here again once the run has ended.
    for folder in (place.beside, place.beside.parent):
        with suppress(FileNotFoundError):
            tree.sync(folder)


def inherit_group(place: Place, run_id: str) -> None:
    """Have staged files belong to the group of a directory that hands its group on (setgid).

    They are moved there, and a file that is moved keeps the group it was made with.
    """
    with suppress(FileNotFoundError):
        status = place.root.stat()
        if status.st_mode & stat.S_ISGID:
            tree.make_folder(place.staging(run_id))
            tree.hand_on_group(place.staging(run_id), status.st_gid)


def _put(place: Place, plan: PublishPlan) -> Iterator[str]:
    staging, built = place.staging(plan.run_id), place.tree(plan.run_id)
    tree.make_folder(place.root)
    for staged, final in plan.puts:
        target = place.root / final
        # An exchange that turned out to be impossible leaves files in `tree`.
        if not (tree.move(staging / staged, target) or tree.move(built / final, target)):
            _require_done(place, plan, staged, final)
        yield f"put {final}"
    _sync_folders(place.root, (final for _, final in plan.puts))
    yield from _write_manifest(place.root, place, plan)


def _exchange(place: Place, plan: PublishPlan) -> Generator[str, None, bool]:
    """Swap the directories; the generator returns whether that was possible."""
    staging, built = place.staging(plan.run_id), place.tree(plan.run_id)
    tree.make_folder(built)
    for staged, final in plan.puts:
        if not (tree.move(staging / staged, built / final) or (built / final).exists()):
            _require_done(place, plan, staged, final)
        yield f"moved {final}"
    for run_id in manifest.run_ids(place.root):
        tree.link(manifest.path_of(place.root, run_id), manifest.path_of(built, run_id))
    _sync_folders(built, tree.files(built))
    yield from _write_manifest(built, place, plan)
    tree.make_folder(place.root)
    _adopt(built, place.root)
    if set(data_files(place.root)).difference(plan.removes):
        # Foreign files that came since the run began must stay where they are; and what an earlier
        # attempt has begun by putting, for the same reason, is ended by putting.
        return False
    if not tree.exchange(built, place.root):
        return False
    yield "exchanged"
    _sync_folders(place.root, [])
    tree.sync(staging)
    return True


def _adopt(built: Path, root: Path) -> None:
    """Give the new folders the owner, mode and attributes of those that they replace."""
    tree.copy_attributes(root, built)
    for name in tree.folders(built):
        if (root / name).is_dir():
            tree.copy_attributes(root / name, built / name)


def _write_manifest(root: Path, place: Place, plan: PublishPlan) -> Iterator[str]:
    path = manifest.path_of(root, plan.run_id)
    tree.write_once(path, manifest.encode(plan.manifest), place.staging(plan.run_id))
    yield "manifest written"


def _remove(place: Place, plan: PublishPlan) -> Iterator[str]:
    for name in plan.removes:
        (place.root / name).unlink(missing_ok=True)
        yield f"removed {name}"
    tree.remove_empty(place.root, {name.rpartition("/")[0] for name in plan.removes})
    _sync_folders(place.root, plan.removes)


def _restore(place: Place, plan: PublishPlan) -> Iterator[str]:
    """Empty the old side of an exchange; give back what is not ours to remove."""
    old = place.tree(plan.run_id)
    removes = set(plan.removes)
    given_back = []
    for name in list(tree.files(old)):
        ours = name in removes or (
            name.startswith(f"{MANIFESTS}/") and (place.root / name).exists()
        )
        if ours:
            (old / name).unlink(missing_ok=True)
            yield f"removed {name}"
        elif (place.root / name).exists():
            raise FatalError(
                f"{old / name}: this file appeared in {place.root} while it was being "
                "replaced, and another file has that name now. Move one of them away, then run "
                "again"
            )
        else:
            tree.move(old / name, place.root / name)
            given_back.append(name)
            yield f"returned {name}"
    _sync_folders(place.root, given_back)


def _require_done(place: Place, plan: PublishPlan, staged: str, final: str) -> None:
    """Accept that there is nothing to put only if it has been put: by name or by the manifest."""
    if (place.root / final).exists() or manifest.exists(place.root, plan.run_id):
        return
    raise FatalError(
        f"{place.staging(plan.run_id) / staged}: publish: the staged file is gone, and "
        f"{place.root / final} is missing too. Restore the file, then run again"
    )


def _sync_folders(root: Path, names: Iterable[str]) -> None:
    """Make durable what lies in a directory, in the folders of these names, and its own name."""
    folders = {root, root.parent}
    for name in {name.rpartition("/")[0] for name in names} - {""}:
        folders.update([root / name, *(root / name).parents[: name.count("/")]])
    for folder in folders:
        if folder.is_dir():
            tree.sync(folder)
