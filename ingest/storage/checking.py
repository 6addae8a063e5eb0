"""What a connection can do at a place: each ability that ingest needs, tried with small objects."""

import secrets
from collections.abc import Callable, Iterator

from ingest.core.dataclass import dataclass
from ingest.core.errors import FatalError, IngestError
from ingest.storage.bucket import PART_BYTES, Bucket
from ingest.storage.clients.opening import file_system
from ingest.storage.connections import StoreConnection
from ingest.storage.retrying import Retrying

FOLDER = ".ingest-connection-test"
"""Where the objects are, below the place; they are removed again."""


@dataclass(frozen=True, slots=True)
class Ability:
    """Something that a storage can be asked to do; `needed_for` says what does not work without."""

    name: str
    needed_for: str


LIST = Ability("list", "sources, sinks, the state")
READ = Ability("read", "sources, the state")
WRITE = Ability("write", "sinks, the state")
CREATE_ONCE = Ability(
    "create-once", "the state, sinks: two runs could overwrite each other's records and rows"
)
MULTIPART = Ability("multipart", "sinks: files larger than 16 MB")
COPY = Ability("copy", "sinks: staged files become visible by a copy within the store")
REMOVE = Ability("remove", "sinks, and `ingest clean`")
ABILITIES = (LIST, READ, WRITE, CREATE_ONCE, MULTIPART, COPY, REMOVE)


@dataclass(frozen=True, slots=True)
class TriedAbility:
    """An ability, and why it is missing; empty if it is there."""

    ability: Ability
    problem: str = ""


def try_all(
    connection: StoreConnection, uri: str, *, read_only: bool = False
) -> Iterator[TriedAbility]:
    """Try what ingest needs at a place, in order; what depends on a missing one is left out.

    With `read_only`, nothing is written: only listing and reading are tried.

    Raises:
        ConfigError: the URI is not one for this connection, or its secrets are missing.
    """
    trial = _Trial(connection, uri)
    listed = _tried(LIST, trial.list)
    yield listed
    if listed.problem:
        return
    if read_only:
        yield _tried(READ, trial.read_any)
        return
    written = _tried(WRITE, trial.write)
    yield written
    if written.problem:
        return
    for ability, attempt in (
        (READ, trial.read),
        (CREATE_ONCE, trial.create_once),
        (MULTIPART, trial.multipart),
        (COPY, trial.copy),
        (REMOVE, trial.remove),
    ):
        yield _tried(ability, attempt)


def _tried(ability: Ability, attempt: Callable[[], str]) -> TriedAbility:
    try:
        return TriedAbility(ability, attempt())
    except FileNotFoundError:
        return TriedAbility(ability, "the object that was written is not there")
    except IngestError as error:
        return TriedAbility(ability, str(error))


class _Trial:
    """The attempts; each returns what is wrong, or nothing."""

    def __init__(self, connection: StoreConnection, uri: str) -> None:
        self._connection = connection
        self._bucket = Bucket(uri, connection)
        self._again = Retrying(connection.max_tries)
        self._folder = f"{FOLDER}/{secrets.token_hex(8)}"
        self._data = secrets.token_bytes(1000)

    def list(self) -> str:
        self._again(lambda: self._bucket.names(""))
        return ""

    def read_any(self) -> str:
        found = next(self._bucket.objects(), None)
        if found is None:
            return "there is no object to read. Name a place that has some"
        return self._read(found.name, None)

    def write(self) -> str:
        self._again(lambda: self._bucket.put(self._name("written"), self._data))
        return ""

    def read(self) -> str:
        return self._read(self._name("written"), self._data)

    def create_once(self) -> str:
        flaw = self._again(lambda: self._bucket.flaw(self._name("created")))
        return f"the store {flaw}" if flaw else ""

    def multipart(self) -> str:
        name, size = self._name("parts"), PART_BYTES + 1
        self._again(lambda: self._bucket.put(name, bytes(size)))
        found = self._again(lambda: self._bucket.size(name))
        return "" if found == size else f"{size:,} bytes were written, and {found or 0:,} are there"

    def copy(self) -> str:
        source, target = self._name("written"), self._name("copied")
        self._again(lambda: self._bucket.copy(source, target))
        return self._read(target, self._data)

    def remove(self) -> str:
        def left() -> list[str]:
            return [each.name for each in self._bucket.objects(self._folder)]

        names = self._again(left)
        self._again(lambda: self._bucket.remove(names))
        remaining = self._again(left)
        return f"{len(remaining)} objects are still there" if remaining else ""

    def _name(self, name: str) -> str:
        return f"{self._folder}/{name}"

    def _read(self, name: str, wanted: bytes | None) -> str:
        """Read by both libraries: the state's and that of sources."""
        data = self._again(lambda: self._bucket.read(name))
        files = file_system(self._connection)
        try:
            other = files.cat_file(self._bucket.uri(name).partition("://")[2])
        except OSError as error:
            raise FatalError(f"{self._bucket.uri(name)}: {' '.join(str(error).split())}") from None
        return "" if data == other and wanted in {None, data} else "other bytes than were written"
