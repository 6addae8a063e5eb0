"""Connections: where a storage or a database is, and how it is reached; named once, used by jobs.

A connection holds no secrets, only references to them, and is recorded with a run. What each
library wants to be told of a store is in `clients/`, and of a database in `postgres.session`.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import quote

from pydantic import Field, model_validator

from ingest.core.model import Model
from ingest.core.secrets import SecretRef

_SECRETS = (
    "access_key_id", "secret_access_key", "session_token", "service_account_key", "account_key",
    "sas_token", "password",
)  # fmt: skip


class Connection(Model):
    """What all kinds of connections share."""

    hints: ClassVar[Mapping[str, str]] = dict.fromkeys(
        _SECRETS, "Write {env: NAME} or {file: PATH}: a file contains no secrets"
    )

    name: str = ""
    """What errors call it: the name of its file."""

    @property
    def title(self) -> str:
        """What errors call it: its name, or the environment."""
        return f'connection "{self.name}"' if self.name else "the environment"

    @property
    def secrets(self) -> dict[str, SecretRef]:
        """The secrets that it refers to, by the key that they are written at."""
        found = ((name, getattr(self, name)) for name in type(self).model_fields)
        return {name: value for name, value in found if isinstance(value, SecretRef)}

    @property
    def address(self) -> str:
        """Where the server is, to be listed; empty if the provider knows."""
        return ""


class StoreConnection(Connection):
    """What connections to object stores share: they are reached over HTTP."""

    schemes: ClassVar[tuple[str, ...]]
    """How URIs begin that such a connection can open."""

    endpoint: str | None = Field(default=None, pattern=r"^https?://[^/?#\s@]+/?$")
    """The URL of the server, such as `https://s3.example.org:9000`. Without it, the provider's
    own."""
    test_path: str | None = None
    """Where `ingest connections test` writes objects and removes them again, such as
    `s3://bucket/folder`."""
    ca_file: str | None = None
    """A file with the certificates (PEM) of those who sign the server's certificate, on the driver
    and on every worker."""
    proxy: str | None = Field(default=None, pattern=r"^https?://[^/?#\s@]+/?$")
    """The URL of an HTTP proxy between here and the server."""
    timeout_s: float = Field(default=30.0, gt=0, le=3600)
    """How long a request may take before it is tried again, in seconds."""
    connect_timeout_s: float = Field(default=5.0, gt=0, le=3600)
    """How long the server may take to accept a connection, in seconds."""
    max_connections: int = Field(default=32, ge=1, le=1024)
    """How many requests a process makes at once, at most, for data and for the state each."""
    max_tries: int = Field(default=12, ge=1, le=100)
    """How often a request is made before it fails, with growing waits between."""

    @property
    def address(self) -> str:
        """The URL of the server."""
        return self.endpoint or ""


class S3Connection(StoreConnection):
    """S3, or a store that speaks its protocol, such as Ceph, MinIO or R2.

    Without keys they are looked for where the AWS command line looks: in the environment, in
    `~/.aws`, and in the role of the machine.
    """

    schemes: ClassVar[tuple[str, ...]] = ("s3", "s3a")

    type: Literal["s3"]
    region: str | None = None
    """The region, such as `eu-central-1`. Without it, `AWS_REGION`, otherwise `us-east-1`."""
    access_key_id: SecretRef | None = None
    """The key's id."""
    secret_access_key: SecretRef | None = None
    """The key's secret."""
    session_token: SecretRef | None = None
    """What goes with a temporary key."""
    profile: str | None = None
    """The profile in `~/.aws` that has the keys."""
    anonymous: bool = False
    """Whether to send no credentials, for public buckets."""
    addressing_style: Literal["path", "virtual"] = "path"
    """Where the bucket's name goes: `path` (`https://host/bucket`) or `virtual`
    (`https://bucket.host`)."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        keys = self.access_key_id, self.secret_access_key
        if (keys[0] is None) != (keys[1] is None):
            raise ValueError("access_key_id and secret_access_key go together: write both, or none")
        if self.session_token is not None and keys[0] is None:
            raise ValueError("session_token goes with access_key_id and secret_access_key")
        ways = [keys[0] is not None, self.profile is not None, self.anonymous]
        if sum(ways) > 1:
            raise ValueError("write one of access_key_id, profile and anonymous: true")
        return self


class GcsConnection(StoreConnection):
    """Google Cloud Storage. Needs the extra `ingest[gcs]` for sources.

    Without a key, Google's application default credentials are used.
    """

    schemes: ClassVar[tuple[str, ...]] = ("gs", "gcs")

    type: Literal["gcs"]
    service_account_key: SecretRef | None = None
    """The service account's key, as JSON."""
    anonymous: bool = False
    """Whether to send no credentials, for public buckets."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.anonymous and self.service_account_key is not None:
            raise ValueError("write one of service_account_key and anonymous: true")
        return self


class AzureConnection(StoreConnection):
    """Azure Blob Storage. Needs the extra `ingest[azure]` for sources.

    Without a key or a token, those of the environment are used (`AZURE_STORAGE_…`), or the identity
    of the machine.
    """

    schemes: ClassVar[tuple[str, ...]] = ("az", "abfs", "abfss")

    type: Literal["azure"]
    account: str = Field(pattern=r"^[a-z0-9]{3,24}$")
    """The storage account's name."""
    account_key: SecretRef | None = None
    """The storage account's key."""
    sas_token: SecretRef | None = None
    """A shared access signature, instead of a key."""
    anonymous: bool = False
    """Whether to send no credentials, for public containers."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = [self.account_key is not None, self.sas_token is not None, self.anonymous]
        if sum(ways) > 1:
            raise ValueError("write one of account_key, sas_token and anonymous: true")
        return self


class PostgresConnection(Connection):
    """A PostgreSQL database, version 12 or later. Needs the extra `ingest[postgres]`."""

    hints: ClassVar[Mapping[str, str]] = {
        **Connection.hints,
        **dict.fromkeys(("dbname", "db"), "Write database"),
        **dict.fromkeys(("username", "role"), "Write user"),
    }

    type: Literal["postgres"]
    host: str = Field(min_length=1, pattern=r"^[^/?#\s@,]+$")
    """The server's name or address."""
    port: int = Field(default=5432, ge=1, le=65535)
    """The port that the server listens on."""
    database: str = Field(min_length=1)
    """The database on the server."""
    user: str = Field(min_length=1)
    """The role to log in as."""
    password: SecretRef | None = None
    """The role's password. Without it, `PGPASSWORD` and `~/.pgpass` are used, if there."""
    sslmode: Literal["disable", "require", "verify-ca", "verify-full"] = "verify-full"
    """How the server is trusted. `verify-full`: its certificate must be signed by somebody
    trusted and name this host. `verify-ca`: only signed. `require`: encrypted, but it may be
    anybody. `disable`: not encrypted, for servers on this machine."""
    ca_file: str | None = None
    """A file with the certificates (PEM) of those who sign the server's certificate, on the driver
    and on every worker. Without it, those that the system trusts."""
    connect_timeout_s: int = Field(default=10, ge=2, le=3600)
    """How long the server may take to accept a connection, in seconds."""
    lock_timeout_s: int = Field(default=300, ge=1, le=86400)
    """How long a statement may wait for a lock that another program holds, in seconds."""
    max_tries: int = Field(default=6, ge=1, le=100)
    """How often a transaction is tried that a lost connection or a conflict has ended, with growing
    waits between."""

    @property
    def address(self) -> str:
        """The server and the database."""
        return f"{self.host}:{self.port}/{self.database}"

    @property
    def uri(self) -> str:
        """Where the database is, without who logs in: `postgresql://host:5432/database`."""
        return f"postgresql://{self.host}:{self.port}/{quote(self.database, safe='')}"


STORES: tuple[type[StoreConnection], ...] = (AzureConnection, GcsConnection, S3Connection)
CONNECTIONS: tuple[type[Connection], ...] = (*STORES, PostgresConnection)
AnyStore = Annotated[AzureConnection | GcsConnection | S3Connection, Field(discriminator="type")]
AnyConnection = Annotated[
    AzureConnection | GcsConnection | PostgresConnection | S3Connection, Field(discriminator="type")
]
SCHEMES: tuple[str, ...] = tuple(scheme for each in STORES for scheme in each.schemes)


def usual(scheme: str) -> StoreConnection | None:
    """Return the connection that the environment describes; None if that takes a named one."""
    if scheme in S3Connection.schemes:
        return S3Connection(type="s3")
    if scheme in GcsConnection.schemes:
        return GcsConnection(type="gcs")
    return None
