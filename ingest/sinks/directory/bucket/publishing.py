"""Making a run's objects visible in a bucket, in steps that may be cut off and repeated anywhere.

1. each staged object is copied, within the store, to its final name, which is never used again;
2. the manifest is put, which says in one step what is new and what is replaced;
3. the replaced objects are removed, by exact name;
4. the staged objects go, last, because they are the sources of the first step.

A late copy finds no source, because the staged objects are gone, and that means that it was made. A
late removal hits nothing new. All attempts put the same manifest, byte for byte.
"""

import itertools
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from tempfile import TemporaryFile

from ingest.core.dataclass import dataclass
from ingest.core.errors import FatalError
from ingest.sinks.directory import manifest
from ingest.sinks.directory.bucket.names import Names
from ingest.sinks.directory.plan import PublishPlan, Put
from ingest.storage.retrying import RetryingBucket

COPIES_AT_ONCE = 32
"""At most, if the connection does not allow less."""
_REMOVED_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Publishing:
    """The publish of one run. Memory: the lines at hand, whatever their number."""

    objects: RetryingBucket
    names: Names
    plan: PublishPlan
    copies_at_once: int

    def steps(self) -> Iterator[str]:
        """Publish, stopping after each operation to say what it was.

        Raises:
            FatalError: a staged object has vanished.
        """
        run_id = self.plan.run_id
        if self.objects.size(self.names.manifest(run_id)) is None:
            yield from self._copy()
            self._write_manifest()
            yield "manifest written"
        removes = (self.names.published(name) for name in self.plan.removes())
        yield from remove_all(self.objects, removes)
        staged = (each.name for each in self.objects.objects(self.names.staging(run_id)))
        yield from remove_all(self.objects, staged)

    def _copy(self) -> Iterator[str]:
        waiting: deque[Future[str]] = deque()
        with ThreadPoolExecutor(self.copies_at_once, thread_name_prefix="copy") as pool:
            try:
                for put in self.plan.puts():
                    waiting.append(pool.submit(self._put, put))
                    if len(waiting) >= 2 * self.copies_at_once:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _put(self, put: Put) -> str:
        source = self.names.staged(self.plan.run_id, put.staged)
        target = self.names.published(put.name)
        try:
            self.objects.copy(source, target)
        except FileNotFoundError:
            self._require_done(source, target)
        return f"put {put.name}"

    def _require_done(self, source: str, target: str) -> None:
        """Accept that there is nothing to copy only if it was: by name, or by the manifest."""
        manifest_name = self.names.manifest(self.plan.run_id)
        if all(self.objects.size(name) is None for name in (target, manifest_name)):
            raise FatalError(
                f"{self.objects.uri(source)}: publish: the staged object is gone, and "
                f"{self.objects.uri(target)} is missing too. Restore the object, then run again"
            )

    def _write_manifest(self) -> None:
        plan = self.plan
        page = manifest.encoded(plan.manifest, plan.files(), plan.removes(), plan.counts.rows)
        with TemporaryFile() as file:
            file.writelines(page)
            self.objects.put(self.names.manifest(plan.run_id), file)


def remove_all(objects: RetryingBucket, names: Iterator[str]) -> Iterator[str]:
    """Delete objects, a thousand at a time, stopping after each request to say so."""
    while part := list(itertools.islice(names, _REMOVED_AT_ONCE)):
        objects.remove(part)
        yield f"removed {len(part)} objects"
