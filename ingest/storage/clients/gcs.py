"""Google Cloud Storage."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ingest.storage.clients.credentials import secrets_of
from ingest.storage.clients.provider import Provider
from ingest.storage.connections import GcsConnection

if TYPE_CHECKING:
    from obstore.store import ObjectStore as Client


class Gcs(Provider[GcsConnection]):
    """Google Cloud Storage, by a service account's key or the default credentials."""

    def client(self, bucket: str, shared: Mapping[str, Any]) -> "Client":
        """Sign with the service account's key, if there is one."""
        from obstore import store  # noqa: PLC0415 - loaded only where there is a bucket

        connection, secrets = self.connection, secrets_of(self.connection)
        config: dict[str, Any] = {"skip_signature": connection.anonymous}
        if connection.endpoint:
            config["base_url"] = connection.endpoint.rstrip("/")
        if "service_account_key" in secrets:
            config["service_account_key"] = secrets["service_account_key"]
        return store.GCSStore(bucket, config=config, **shared)  # type: ignore[arg-type]

    def file_options(self) -> dict[str, Any]:
        """Tell gcsfs the key, or that none is to be looked for."""
        secrets = secrets_of(self.connection)
        token: Any = "anon" if self.connection.anonymous else None
        if "service_account_key" in secrets:
            token = json.loads(secrets["service_account_key"])
        return {"token": token, "endpoint_url": self.connection.endpoint}

    def table_options(self) -> dict[str, str]:
        """Tell the key, or the server that needs none."""
        connection, secrets = self.connection, secrets_of(self.connection)
        options = {}
        if connection.anonymous:
            options["google_skip_signature"] = "true"
        if connection.endpoint:
            options["google_base_url"] = connection.endpoint.rstrip("/")
        if "service_account_key" in secrets:
            options["google_service_account_key"] = secrets["service_account_key"]
        return options
