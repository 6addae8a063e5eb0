"""A prefix of a bucket, and its sibling: published to by copies within the store."""

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cached_property
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa

from ingest.core.errors import ConfigError, FatalError, IngestError, RetryableError
from ingest.sinks.base import Claim
from ingest.sinks.directory.bucket.claims import Claims
from ingest.sinks.directory.bucket.names import KEPT, MANIFESTS, PROBE, Names
from ingest.sinks.directory.bucket.preflight import too_long, unusable
from ingest.sinks.directory.bucket.publishing import COPIES_AT_ONCE, Publishing, remove_all
from ingest.sinks.directory.bucket.staging import UploadedFile
from ingest.sinks.directory.place import Measured, Place
from ingest.sinks.directory.plan import PublishPlan
from ingest.sinks.directory.staging import HashedFile
from ingest.sinks.directory.verifying import IN_MEMORY_BYTES
from ingest.sinks.directory.write_back import WriteBack
from ingest.sinks.folder import overlaps
from ingest.storage.connections import S3Connection, StoreConnection
from ingest.storage.retrying import Retrying, RetryingBucket

if TYPE_CHECKING:
    from ingest.storage.bucket import Bucket

log = logging.getLogger(__name__)

READERS = 16
"""How many objects are counted again at a time, if the connection does not allow less."""


class Prefix(Place):
    """The place `<scheme>://<bucket>/<path>`; `bucket` is the prefix above it, if it is open."""

    most_file_bytes: ClassVar[int | None] = 4 * 1024**3
    """S3 copies objects of up to 5 GB, and a file may be a chunk larger than its target."""

    def __init__(
        self, uri: str, connection: StoreConnection, bucket: "Bucket | None" = None
    ) -> None:
        self._uri = uri.rstrip("/")
        self._above, _, root = self._uri.rpartition("/")
        self._names = Names(root)
        self._connection = connection
        self._bucket = bucket

    @cached_property
    def _objects(self) -> RetryingBucket:
        """The objects of the prefix above; opened when they are needed, and credentials too."""
        from ingest.storage.bucket import Bucket  # noqa: PLC0415 - loads obstore

        bucket = self._bucket or Bucket(self._above, self._connection)
        return RetryingBucket(bucket, self._connection.max_tries)

    @property
    def uri(self) -> str:
        """The prefix."""
        return self._uri

    @property
    def beside_uri(self) -> str:
        """The prefix of the sibling."""
        return f"{self._above}/{self._names.beside}"

    @property
    def readers(self) -> int:
        """As many as the connection allows, within reason."""
        return min(READERS, self._connection.max_connections)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Objects say what is wrong themselves; one that vanishes is asked for again."""
        try:
            yield
        except FileNotFoundError as error:
            raise RetryableError(f"{self.uri}: an object was removed meanwhile: {error}") from error

    @contextmanager
    def first_errors(self) -> Iterator[None]:
        """Say what is wrong with the place."""
        try:
            with self.errors():
                yield
        except ConfigError as error:
            raise ConfigError(*(f"path: {line}" for line in error.lines)) from error

    def refusals(self, inputs: Sequence[str]) -> list[str]:
        """Look at what lies in what, then try what publishing needs."""
        return [*overlaps(self.uri, inputs)] or [*unusable(self._objects, self._names)]

    def too_long(self, suffix: str, folder: str = "") -> str:
        """Ask nobody: keys may have 1,024 bytes."""
        key = self._above.partition("://")[2].partition("/")[2]
        return too_long(key, self._names, suffix, folder)

    def earlier(self) -> str:
        """No earlier version has published to buckets."""
        return ""

    def files(self) -> Iterator[str]:
        """List the objects, but for those that stand for folders, as some tools make them.

        They are empty and have no ending; the `/` at the end of their names is not told to us.
        """
        below = f"{self._names.root}/"
        for each in self._objects.objects(self._names.root):
            if each.name.startswith(below) and (each.size or "." in each.name.rpartition("/")[2]):
                yield each.name.removeprefix(below)

    def lacking(self, names: Iterable[str]) -> list[str]:
        """List the objects once."""
        there = set(self.files())
        return [name for name in names if name not in there]

    def measured(self, name: str) -> AbstractContextManager[Measured]:
        """Read an object."""
        return self._measured(self._names.published(name))

    @contextmanager
    def _measured(self, key: str) -> Iterator[Measured]:
        """Read an object once: a small one is kept in memory, a large one in a temporary file."""
        with SpooledTemporaryFile(IN_MEMORY_BYTES) as file:
            self._objects.fetch(key, file)  # type: ignore[arg-type]
            size = file.tell()
            file.seek(0)
            sha256 = hashlib.sha256()
            while block := file.read(1 << 20):
                sha256.update(block)
            file.seek(0)
            small = size <= IN_MEMORY_BYTES
            source: Any = pa.BufferReader(file.read()) if small else pa.PythonFile(file, mode="r")
            with source:
                yield Measured(size, sha256.hexdigest(), source)

    def manifest(self, run_id: str) -> bytes:
        """Read a manifest."""
        return self._objects.read(self._names.manifest(run_id))

    def manifest_uri(self, run_id: str) -> str:
        """Return its URI."""
        return self._objects.uri(self._names.manifest(run_id))

    def has_manifest(self, run_id: str) -> bool:
        """Ask for it."""
        return self._objects.size(self._names.manifest(run_id)) is not None

    def run_ids(self) -> list[str]:
        """List the manifests."""
        names = self._objects.names(self._names.manifests)
        return sorted(name.removesuffix(".json") for name in names if name.endswith(".json"))

    def begin(self, run_id: str) -> None:
        """Nothing has to be made: objects need no folders."""

    def open(self, run_id: str, name: str, write_back: WriteBack) -> HashedFile:  # noqa: ARG002 - no disk is waited for
        """Begin an object, in a temporary file."""
        key = self._names.staged(run_id, name)
        return UploadedFile(name, lambda file: self._objects.put(key, file))

    def measured_staged(self, run_id: str, name: str) -> AbstractContextManager[Measured]:
        """Read an object."""
        return self._measured(self._names.staged(run_id, name))

    def settle(self, run_id: str, write_back: WriteBack) -> None:
        """Nothing is to be done: an object that was put is durable."""

    def unstage(self, run_id: str, names: Iterable[str]) -> None:
        """Delete objects."""
        if keys := [self._names.staged(run_id, name) for name in names]:
            with suppress(IngestError):
                self._objects.remove(keys)

    def tidy(self) -> None:
        """Delete late objects, of runs that have a manifest, and what killed runs have probed."""
        if PROBE in self._objects.names(self._names.beside):
            probes = self._objects.objects(f"{self._names.beside}/{PROBE}")
            self._objects.remove([each.name for each in probes])
        for run_id in self._runs_beside():
            if self.has_manifest(run_id):
                self._remove_staged(run_id)

    def claim(self, claim: Claim) -> None:
        """Write the next claim."""
        self._claims.claim(claim)

    def release(self, run_id: str) -> None:
        """Write that it is released."""
        self._claims.release(run_id)

    def staged_uri(self, run_id: str, name: str) -> str:
        """Return the URI of a staged object."""
        return self._objects.uri(self._names.staged(run_id, name))

    def staged_sizes(self, run_id: str) -> Callable[[str, int], int | None]:
        """List the objects once, and ask for each that is not as it should be.

        Of those that are, only hashes are kept: a tenth of what names would take.
        """
        below = f"{self._names.staging(run_id)}/"
        listed = self._objects.objects(self._names.staging(run_id))
        there = {hash((each.name.removeprefix(below), each.size)) for each in listed}

        def size(name: str, wanted: int) -> int | None:
            known = hash((name, wanted)) in there
            return wanted if known else self._objects.size(f"{below}{name}")

        return size

    def publish_steps(self, plan: PublishPlan, wait_s: float) -> Iterator[str]:  # noqa: ARG002 - nobody holds a lock
        """Copy, put the manifest, remove; see `publishing`."""
        at_once = min(COPIES_AT_ONCE, self._connection.max_connections)
        yield from Publishing(self._objects, self._names, plan, at_once).steps()
        self.tidy()

    def discard(self, run_id: str) -> None:
        """Delete what was staged."""
        self.remove_staged(run_id)

    def is_staged(self, run_id: str) -> bool:
        """Look for the run's objects."""
        return bool(self._objects.names(self._names.staging(run_id)))

    def staged(self) -> Iterator[tuple[str, int]]:
        """List the objects beside, and uploads in parts that nobody has completed."""
        uploading = set(self._uploads())
        for run_id in sorted({*self._runs_beside(), *uploading}):
            listed = self._objects.objects(self._names.staging(run_id))
            yield run_id, sum(each.size for each in listed)

    def remove_staged(self, run_id: str) -> None:
        """Delete the run's objects, and abort its uploads."""
        self._remove_staged(run_id)
        for upload in self._uploads().get(run_id, ()):
            self._abort(upload)

    @property
    def _claims(self) -> Claims:
        return Claims(self._objects, self._names, self.uri)

    def _runs_beside(self) -> list[str]:
        return [name for name in self._objects.names(self._names.beside) if name not in KEPT]

    def _remove_staged(self, run_id: str) -> None:
        staged = (each.name for each in self._objects.objects(self._names.staging(run_id)))
        for _ in remove_all(self._objects, staged):
            pass

    def _uploads(self) -> dict[str, list[Any]]:
        """Return the uploads in parts that were begun and not completed, by run."""
        if not isinstance(self._connection, S3Connection):
            return {}
        from ingest.storage.uploads import unfinished  # noqa: PLC0415 - loads botocore

        again = Retrying(self._connection.max_tries)
        found: dict[str, list[Any]] = {}
        try:
            uploads = again(lambda: unfinished(self._connection, self.beside_uri))
        except FatalError as error:  # not a reason to leave everything else
            log.warning("%s", error)
            return {}
        for upload in uploads:
            folder, _, name = upload.name.partition("/")
            run_id = name.removesuffix(".json") if folder == MANIFESTS else folder
            found.setdefault(run_id, []).append(upload)
        return found

    def _abort(self, upload: Any) -> None:
        from ingest.storage.uploads import abort  # noqa: PLC0415 - loads botocore

        assert isinstance(self._connection, S3Connection)
        connection = self._connection
        Retrying(connection.max_tries)(lambda: abort(connection, self.beside_uri, upload))
