"""A real PostgreSQL server on this machine, with TLS, and a database of its own for a test."""

import getpass
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from ingest.storage.connections import PostgresConnection
from ingest.storage.postgres.session import session
from tests.services.ceph import daemon, free_port, wait_for

_HBA = """
hostnossl all locked 127.0.0.1/32 reject
host all locked 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
"""
CONNECTION = """# The server of the tests.
type: postgres
host: 127.0.0.1
port: PORT
database: DATABASE
user: postgres
password: {env: WAREHOUSE_PASSWORD}
sslmode: disable
"""


def binaries() -> Path | None:
    """Return the folder of the server's programs; Debian keeps them out of the path."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((folder for folder in reversed(folders) if (folder / "postgres").exists()), None)


def _not_root() -> list[str]:
    """Return the words for `setpriv` by which a command is run by another than root."""
    words = ["--reuid=postgres", "--regid=postgres", "--init-groups"]
    return words if getpass.getuser() == "root" else []


def certificates(folder: Path) -> None:
    """Make a certificate for 127.0.0.1 and the one of who signed it, `ca.pem`."""

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "rsa:2048", "-nodes", "-days", "2")
    openssl("req", "-x509", *key, "-subj", "/CN=Test", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", *key, "-subj", "/CN=db", "-keyout", "db.key", "-out", "db.csr")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names")
    openssl("x509", "-req", "-in", "db.csr", "-days", "2", *signed, "-out", "db.pem")


@dataclass(frozen=True)
class Server:
    port: int
    folder: Path

    @property
    def ca_file(self) -> str:
        return str(self.folder / "ca.pem")

    def connection(self, database: str = "postgres", **more: Any) -> PostgresConnection:
        told = {
            "type": "postgres", "host": "127.0.0.1", "port": self.port, "database": database,
            "user": "postgres", "sslmode": "disable",
        }  # fmt: skip
        return PostgresConnection(**{**told, **more})

    def database(self, name: str) -> "Database":
        with psql(self.connection()) as execute:
            execute(f'CREATE DATABASE "{name}"')
        return Database(self, name)


@dataclass(frozen=True)
class Database:
    server: Server
    name: str

    def connection(self, **more: Any) -> PostgresConnection:
        return self.server.connection(self.name, **more)

    def execute(self, *statements: str) -> None:
        with psql(self.connection()) as execute:
            for statement in statements:
                execute(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with session(self.connection()) as here:
            return here.rows(query)

    def table(self, name: str) -> pl.DataFrame:
        """All rows of a table as the driver returns them."""
        with session(self.connection()) as here, here.batches(f"SELECT * FROM {name}") as reader:
            frame = pl.from_arrow(reader.read_all())
            assert isinstance(frame, pl.DataFrame)
            return frame

    def count(self, name: str) -> int:
        with session(self.connection()) as here:
            there = here.value("SELECT to_regclass($1::text) IS NOT NULL", name)
            return int(here.value(f"SELECT count(*) FROM {name}")) if there else 0

    def staging(self) -> list[str]:
        """The staging tables that are there."""
        query = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'ingest'"
        return [name for (name,) in self.rows(query) if name != "runs"]


@contextmanager
def psql(connection: PostgresConnection) -> Iterator[Any]:
    """Statements outside a transaction, with another library than those under test."""
    import adbc_driver_postgresql.dbapi as library

    uri = f"postgresql://postgres@127.0.0.1:{connection.port}/{connection.database}"
    with library.connect(uri, autocommit=True) as handle, handle.cursor() as cursor:
        yield cursor.execute


def _lets_in(data: Path) -> bool:
    """Return whether a server has begun its sessions; its port is open a moment before.

    The status that `pg_ctl` waits for: the last line of `postmaster.pid`.
    """
    try:
        status = (data / "postmaster.pid").read_text().split()
    except FileNotFoundError:
        return False
    return status[-1:] == ["ready"]


@contextmanager
def running() -> Iterator[Server]:
    """Start a server, and stop it."""
    programs = binaries()
    assert programs is not None
    place = Path(tempfile.mkdtemp(prefix="ingest-postgres-"))
    try:
        certificates(place)
        if getpass.getuser() == "root":
            shutil.chown(place, "postgres")
            shutil.chown(place / "db.key", "postgres")
        place.chmod(0o755)
        (place / "db.key").chmod(0o600)
        data = place / "data"
        words = ("-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale", "C")
        made = ["setpriv", *_not_root(), programs / "initdb", "-D", data, *words]
        subprocess.run(made, check=True, capture_output=True, cwd="/")
        (data / "pg_hba.conf").write_text(_HBA)
        port, log = free_port(), place / "log"
        settings = {
            "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off",
            "ssl": "on", "ssl_cert_file": place / "db.pem", "ssl_key_file": place / "db.key",
            "log_min_messages": "error", "deadlock_timeout": "200ms",
        }  # fmt: skip
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        command = [*_not_root(), programs / "postgres", "-D", data, "-p", port, *options]
        with daemon(*command, log=log) as process:
            wait_for(port, process, log, lambda _: _lets_in(data))
            yield Server(port, place)
            process.send_signal(signal.SIGQUIT)  # at once, but what is shared is given back
            process.wait(10)
    finally:
        shutil.rmtree(place, ignore_errors=True)
