"""The state's objects in a bucket: S3, and what speaks its protocol, Google Cloud and Azure."""

import contextlib
from collections.abc import Iterator

from ingest.core.errors import ConfigError
from ingest.storage.bucket import Bucket
from ingest.storage.clients.addresses import endpoint_of
from ingest.storage.connections import StoreConnection

PROBE = "create-once.json"
"""An object of each state, which its store is seen to refuse to create again."""
_PROBED = b'{"note": "created to check that this store does not create an object twice"}\n'


class ObjectStore:
    """Objects below a prefix of a bucket. Makes each request once: see `retrying`."""

    def __init__(self, uri: str, connection: StoreConnection, bucket: Bucket | None = None) -> None:
        with _about_state(uri):
            self._bucket = bucket or Bucket(uri, connection)
        self._proven = False

    def uri(self, name: str = "") -> str:
        """Return the URI."""
        return self._bucket.uri(name)

    def create(self, name: str, data: bytes, token: str = "") -> bool:
        """Put an object unless there is one; true too if this token's request has.

        Raises:
            RetryableError: it is not known whether it was created. Ask again with this token.
            ConfigError: the store ignores the condition, so that it cannot be used.
        """
        self._prove()
        return self._bucket.create(name, data, token)

    def replace(self, name: str, data: bytes) -> None:
        """Put an object."""
        self._bucket.put(name, data)

    def read(self, name: str) -> bytes:
        """Return an object's bytes."""
        return self._bucket.read(name)

    def exists(self, name: str) -> bool:
        """Say whether the object is there."""
        return self._bucket.size(name) is not None

    def names(self, folder: str) -> list[str]:
        """List what lies directly below a prefix, objects and prefixes."""
        return [name for name in self._bucket.names(folder) if folder or name != PROBE]

    def size(self, name: str) -> int:
        """Add up the sizes of the objects."""
        size = self._bucket.size(name)
        return sum(each.size for each in self._bucket.objects(name)) if size is None else size

    def remove(self, name: str) -> None:
        """Delete the object, and all whose names begin with it and a `/`."""
        self._bucket.remove([name, *(each.name for each in self._bucket.objects(name))])

    def _prove(self) -> None:
        """See once in a process that the store creates nothing twice, and keeps attributes.

        Raises:
            ConfigError: it does not: two drivers could write the same entry of a ledger.
        """
        if self._proven:
            return
        if flaw := self._bucket.flaw(PROBE, _PROBED):
            self._bucket.remove([PROBE])
            raise self._careless(flaw)
        self._proven = True

    def _careless(self, what: str) -> ConfigError:
        at = endpoint_of(self._bucket.connection)
        return ConfigError(
            f'state: "{self.uri()}": the store{f" at {at}" if at else ""} {what}, so two runs '
            "could overwrite each other's records. Use a store that does, such as AWS S3, Ceph or "
            "MinIO, or a local folder: state=DIR"
        )


@contextlib.contextmanager
def _about_state(uri: str) -> Iterator[None]:
    """Begin the lines of an error with what was told: `state`."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(*(f'state: "{uri}": {line}' for line in error.lines)) from None
