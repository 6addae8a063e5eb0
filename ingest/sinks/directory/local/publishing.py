"""Making a run's files visible in a folder, in steps that may be cut off and repeated anywhere.

Putting (append, overwrite_partitions, and overwrite where directories cannot be exchanged):

1. each staged file is renamed to its final name, then the folders are synced;
2. the manifest is created, which says in one step what is new and what is replaced;
3. the replaced files are removed, by exact name, and folders that this left empty;
4. the staging folder goes, last, because its files are the sources of the first step.

Exchanging (overwrite of a whole directory), under a lock:

1. the staged files are renamed into `tree`, beside the directory, to their final names;
2. the manifest is created; it does not count yet, because files that it lists lie in `tree`;
3. `tree` and the directory are swapped in one step: readers see all of the new, none of the old,
   and in the same step the manifest counts;
4. the replaced files, now in `tree`, are removed. What the plan does not name goes back.

The manifest stands before anything is removed, so that a reader who goes by manifests is always
right, and that a late attempt, which finds it, knows there is nothing to put. Each step finds out
what is left to do from the names that are there, never from what happened earlier in this process:
whether the swap is to be made, from where the run's own files are.

Names of files are joined as texts here: `pathlib` keeps every part of a path that it has ever seen,
62 bytes for each file.
"""

import os
import stat
from collections.abc import Generator, Iterable, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path

from ingest.core.errors import FatalError
from ingest.sinks.directory import manifest
from ingest.sinks.directory.local.paths import Paths
from ingest.sinks.directory.plan import PublishPlan, Put
from ingest.storage import tree
from ingest.storage.lock import locked


def publish_steps(place: Paths, plan: PublishPlan, lock_wait_s: float) -> Iterator[str]:
    """Publish, stopping after each operation to say what it was.

    Whoever takes only the first few has made a publisher that died there.

    Raises:
        FatalError: a staged file has vanished, another process keeps the lock, or an earlier
            version of ingest has published here.
    """
    if earlier := place.earlier():
        raise FatalError(f"{earlier}. Then run again")
    with locked(place.lock, lock_wait_s) if plan.exchange else nullcontext():
        stands = place.has_manifest(plan.run_id)
        if plan.exchange and (not stands or _waits(place, plan)):
            stands = yield from _exchange(place, plan)
        elif plan.exchange:
            _require_shown(place, plan)
            # An earlier attempt may have died before what it swapped or put was durable.
            _sync_folders(place.root, plan.names())
        if not stands:
            yield from _put(place, plan)
        # Also if an earlier attempt wrote the manifest: it may have died before it was durable.
        for folder in (place.manifests, place.beside, place.beside.parent):
            tree.sync(folder)
        yield from _remove(place, plan)
        yield from _restore(place, plan)
        tree.remove_tree(place.staging(plan.run_id))
        yield "staging removed"
    tidy(place)


def tidy(place: Paths) -> None:
    """Remove what late workers of published runs have staged, and the sibling if it is empty.

    A run whose manifest stands has moved all its files: what else is staged for it, nobody needs.
    """
    runs: list[str] = []
    with suppress(FileNotFoundError):
        runs = [path.name for path in place.beside.iterdir()]
    for run_id in runs:
        if place.has_manifest(run_id):
            for late in place.staging(run_id).glob("*.staged"):
                late.unlink(missing_ok=True)
            tree.remove_empty(place.beside, [run_id])
    tree.remove_empty(place.beside.parent, [place.beside.name])
    # What was removed stays so, also if an earlier attempt removed it and died before it was
    # durable: nobody looks here again once the run has ended.
    for folder in (place.beside, place.beside.parent):
        with suppress(FileNotFoundError):
            tree.sync(folder)


def inherit(place: Paths, run_id: str) -> None:
    """Let whoever may publish into the directory do so in what lies beside it, too.

    Staged files belong to the group of a directory that hands its group on (setgid): they are moved
    there, and a file that is moved keeps the group it was made with.
    """
    with suppress(FileNotFoundError):
        status = place.root.stat()
        tree.make_folder(place.staging(run_id))
        tree.share(place.root, place.beside)
        if status.st_mode & stat.S_ISGID:
            tree.hand_on_group(place.staging(run_id), status.st_gid)


def _put(place: Paths, plan: PublishPlan) -> Iterator[str]:
    staging, built = place.staging(plan.run_id), place.tree(plan.run_id)
    if plan.counts.files:
        tree.make_folder(place.root)
        tree.make_folders(place.root, _folders(plan.names()))
    for put in plan.puts():
        target = f"{place.root}/{put.name}"
        # An exchange that turned out to be impossible leaves files in `tree`.
        if not (
            tree.move(f"{staging}/{put.staged}", target) or tree.move(f"{built}/{put.name}", target)
        ):
            _require_done(place, plan, put)
        yield f"put {put.name}"
    _sync_folders(place.root, plan.names())
    yield from _write_manifest(place, plan)


def _exchange(place: Paths, plan: PublishPlan) -> Generator[str, None, bool]:
    """Swap the directories; the generator returns whether that was possible."""
    staging, built = place.staging(plan.run_id), place.tree(plan.run_id)
    tree.make_folder(built)
    tree.make_folders(built, _folders(plan.names()))
    for put in plan.puts():
        target = f"{built}/{put.name}"
        if not (tree.move(f"{staging}/{put.staged}", target) or os.path.lexists(target)):
            _require_done(place, plan, put)
        yield f"moved {put.name}"
    _sync_folders(built, plan.names())
    if not (plan.counts.files or plan.counts.removed):
        return False
    tree.make_folder(place.root)
    _adopt(built, place.root)
    yield from _write_manifest(place, plan)
    removed = set(plan.removes())
    if any(name not in removed for name in place.files()):
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


def _waits(place: Paths, plan: PublishPlan) -> bool:
    """Say whether the swap is still to be made: made twice, it would bring the old rows back.

    Names are never used again: files of the run lie in `tree` only before the swap, and those that
    they replace in the directory. A run without files goes by the latter.
    """
    if plan.counts.files:
        return place.waits(plan.run_id, plan.names())
    return any(os.path.lexists(f"{place.root}/{name}") for name in plan.removes())


def _require_shown(place: Paths, plan: PublishPlan) -> None:
    """Accept that nothing waits to be swapped in only if it was, and is there or replaced."""
    missing = [name for name in plan.names() if not os.path.lexists(f"{place.root}/{name}")]
    replaced = manifest.replacers(place, missing)
    if lost := next((name for name in missing if name not in replaced), None):
        raise FatalError(
            f"{place.root / lost}: publish: the file is gone, there and in "
            f"{place.tree(plan.run_id)}, and no later run has replaced it. Put it back, then run "
            "again"
        )


def _write_manifest(place: Paths, plan: PublishPlan) -> Iterator[str]:
    path = place.manifest_path(plan.run_id)
    tree.make_folder(place.manifests)
    with suppress(FileNotFoundError):  # nothing was put, and there is no directory
        for folder in (place.beside, place.manifests):
            tree.share(place.root, folder)
    facts, rows = plan.manifest, plan.counts.rows
    page = manifest.encoded(facts, plan.files(), plan.removes(), rows)
    tree.write_once(path, page, place.staging(plan.run_id))
    yield "manifest written"


def _remove(place: Paths, plan: PublishPlan) -> Iterator[str]:
    for name in plan.removes():
        with suppress(FileNotFoundError):
            os.unlink(f"{place.root}/{name}")  # noqa: PTH108 - see above
        yield f"removed {name}"
    tree.remove_empty(place.root, {name.rpartition("/")[0] for name in plan.removes()})
    _sync_folders(place.root, plan.removes())


def _restore(place: Paths, plan: PublishPlan) -> Iterator[str]:
    """Empty the old side of an exchange; give back what is not ours to remove."""
    old = place.tree(plan.run_id)
    removes = set(plan.removes())
    given_back = []
    for name in list(tree.files(old)):
        if name in removes:
            (old / name).unlink(missing_ok=True)
            yield f"removed {name}"
        elif (place.root / name).exists():
            raise FatalError(
                f"{old / name}: this file appeared in {place.root} while it was being "
                "replaced, and another file has that name now. Move one of them away, then run "
                "again"
            )
        else:
            tree.move(f"{old}/{name}", f"{place.root}/{name}")
            given_back.append(name)
            yield f"returned {name}"
    _sync_folders(place.root, given_back)


def _require_done(place: Paths, plan: PublishPlan, put: Put) -> None:
    """Accept that there is nothing to put only if it has been put: by name or by the manifest.

    The manifest of an exchange says nothing of it: it stands while the files are still in `tree`.
    """
    done = not plan.exchange and place.has_manifest(plan.run_id)
    if done or (place.root / put.name).exists():
        return
    raise FatalError(
        f"{place.staging(plan.run_id) / put.staged}: publish: the staged file is gone, and "
        f"{place.root / put.name} is missing too. Restore the file, then run again"
    )


def _sync_folders(root: Path, names: Iterable[str]) -> None:
    """Make durable what lies in a directory, in the folders of these names, and its own name."""
    folders = {root, root.parent}
    for name in _folders(names):
        folders.update([root / name, *(root / name).parents[: name.count("/")]])
    for folder in folders:
        if folder.is_dir():
            tree.sync(folder)


def _folders(names: Iterable[str]) -> set[str]:
    """Return the folders that files of these names lie in."""
    return {name.rpartition("/")[0] for name in names} - {""}
