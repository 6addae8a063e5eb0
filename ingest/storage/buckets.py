"""The state's objects in a bucket: S3, and what speaks its protocol, Google Cloud and Azure.

An object is created by a conditional put (`If-None-Match: *`). It carries the token of the request
that created it, so that a request whose answer was lost can be told from somebody else's: the token
is read back.
"""

import contextlib
import re
import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING

import obstore
from obstore import exceptions as refused

from ingest.core.errors import ConfigError, FatalError, IngestError, RetryableError
from ingest.storage.causes import cause_of, storage_error
from ingest.storage.clients import bucket_client, endpoint_of
from ingest.storage.connections import Connection

if TYPE_CHECKING:
    from obstore.store import ObjectStore as Client

WRITER = "writer"
"""The attribute of an object that has the token of the request that created it."""
PROBE = "create-once.json"
"""An object of each state, which its store is seen to refuse to create again."""
_PROBED = b'{"note": "created to check that this store does not create an object twice"}\n'
_DENIED = re.compile(r"status code: 40[13] ")
_CODE = re.compile(r"<Code>(\w+)</Code>")
_STATUS = re.compile(r"status code: (\d{3} [A-Z][A-Za-z ]*)")
_MESSAGE = re.compile(r'message: "([^"]+)"')


class ObjectStore:
    """Objects below a prefix of a bucket. Makes each request once: see `retrying`."""

    def __init__(self, uri: str, connection: Connection) -> None:
        self._uri = uri.rstrip("/")
        self._connection = connection
        with self._about_state():
            self._client: Client = bucket_client(connection, uri)
        self._begun = False
        self._proven = False

    def uri(self, name: str = "") -> str:
        """Return the URI."""
        return f"{self._uri}/{name}" if name else self._uri

    def create(self, name: str, data: bytes, token: str = "") -> bool:
        """Put an object unless there is one; say whether that was this request.

        A request that is made again, because its answer was lost, has the same token again.

        Raises:
            RetryableError: it is not known whether it was created. Ask again with this token.
            ConfigError: the store ignores the condition, so that it cannot be used.
        """
        self._prove()
        token = token or secrets.token_hex(8)
        return self._put(name, data, token) or self._writer(name) == token

    def replace(self, name: str, data: bytes) -> None:
        """Put an object."""
        with self._errors(name, "written"):
            obstore.put(self._client, name, data, use_multipart=False)

    def read(self, name: str) -> bytes:
        """Return an object's bytes."""
        with self._errors(name, "read"):
            return bytes(obstore.get(self._client, name).bytes())

    def exists(self, name: str) -> bool:
        """Say whether the object is there."""
        try:
            with self._errors(name, "read"):
                obstore.head(self._client, name)
        except FileNotFoundError:
            return False
        return True

    def names(self, folder: str) -> list[str]:
        """List what lies directly below a prefix, objects and prefixes."""
        with self._errors(folder, "read"):
            found = obstore.list_with_delimiter(self._client, folder)
        paths = [*found["common_prefixes"], *(entry["path"] for entry in found["objects"])]
        return sorted({path.rpartition("/")[2] for path in paths} - {"", PROBE})

    def size(self, name: str) -> int:
        """Add up the sizes of the objects."""
        with contextlib.suppress(FileNotFoundError), self._errors(name, "read"):
            return int(obstore.head(self._client, name)["size"])
        with self._errors(name, "read"):
            pages = obstore.list(self._client, name)
            return sum(entry["size"] for page in pages for entry in page)

    def remove(self, name: str) -> None:
        """Delete the object, and all whose names begin with it and a `/`."""
        with self._errors(name, "written"):
            below = [entry["path"] for page in obstore.list(self._client, name) for entry in page]
            obstore.delete(self._client, [name, *below])

    def _put(self, name: str, data: bytes, token: str) -> bool:
        """Put an object unless there is one; say whether the store says that there was none."""
        try:
            with self._errors(name, "written"):
                attributes = {WRITER: token}
                obstore.put(self._client, name, data, mode="create", attributes=attributes)
        except (refused.AlreadyExistsError, refused.PreconditionError):
            return False
        self._begun = True
        return True

    def _writer(self, name: str) -> str:
        """Return the token of who created an object.

        Raises:
            RetryableError: it is gone, so that it can be created now.
        """
        try:
            with self._errors(name, "read"):
                attributes = obstore.get(self._client, name).attributes
        except FileNotFoundError:
            raise RetryableError(f"{self.uri(name)}: was removed while it was created") from None
        found = {str(key).lower(): str(value) for key, value in attributes.items()}
        return found.get(WRITER, "")

    def _prove(self) -> None:
        """See once in a process that the store creates nothing twice, and keeps attributes.

        Raises:
            ConfigError: it does not: two drivers could write the same entry of a ledger.
        """
        if self._proven:
            return
        if all(self._put(PROBE, _PROBED, secrets.token_hex(8)) for _ in range(2)):
            raise self._careless("ignores conditional writes (If-None-Match)")
        if not self._writer(PROBE):
            raise self._careless("does not keep the attributes of objects (x-amz-meta-)")
        self._proven = True

    def _careless(self, what: str) -> ConfigError:
        self.remove(PROBE)
        at = endpoint_of(self._connection)
        return ConfigError(
            f'state: "{self._uri}": the store{f" at {at}" if at else ""} {what}, so two runs could '
            "overwrite each other's records. Use a store that does, such as AWS S3, Ceph or MinIO, "
            "or a local folder: state=DIR"
        )

    @contextlib.contextmanager
    def _about_state(self) -> Iterator[None]:
        """Begin the lines of an error with what was told: `state`."""
        try:
            yield
        except ConfigError as error:
            raise ConfigError(*(f'state: "{self._uri}": {line}' for line in error.lines)) from None

    @contextlib.contextmanager
    def _errors(self, name: str, what: str) -> Iterator[None]:
        """Say of an error of the store what a person can do about it.

        That an object is not there passes, and that it is there already.
        """
        try:
            yield
        except (refused.AlreadyExistsError, refused.PreconditionError):
            raise
        except FileNotFoundError as error:
            if "NoSuchBucket" not in str(error):
                raise
            raise self._refusal(name, what, error) from None
        except refused.BaseError as error:
            raise self._refusal(name, what, error) from None

    def _refusal(self, name: str, what: str, error: Exception) -> IngestError:
        where = self.uri(name)
        text = str(error)
        if "NoSuchBucket" in text:
            return self._request(
                f"{where}: the bucket does not exist. Create it, or use another: state=URI"
            )
        denied = isinstance(error, refused.PermissionDeniedError | refused.UnauthenticatedError)
        if denied or _DENIED.search(text):
            return self._request(
                f"{where}: access denied: {_why(text)}. Check the credentials of "
                f"{self._connection.title}, and that they may list, read and write there"
            )
        if cause_of(error) is not None:
            return storage_error(f"{where}: cannot be {what}: {_why(text)}", error)
        return FatalError(f"{where}: the state cannot be {what}: {_why(text)}")

    def _request(self, text: str) -> IngestError:
        """Make the error for what was wrong from the beginning, if nothing was written yet."""
        return FatalError(f"{text}, then run again") if self._begun else ConfigError(text)


def _why(text: str) -> str:
    """Return what a person wants to know of obstore's texts, which go on for a page."""
    for pattern in (_CODE, _STATUS, _MESSAGE):
        if found := pattern.search(text):
            return found[1].strip()
    return " ".join(text.partition("Debug source")[0].split())[-200:]
