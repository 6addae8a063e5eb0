"""Azure Blob Storage."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ingest.storage.clients.credentials import secrets_of
from ingest.storage.clients.provider import Provider
from ingest.storage.connections import AzureConnection

if TYPE_CHECKING:
    from obstore.store import ObjectStore as Client


class Azure(Provider[AzureConnection]):
    """Azure Blob Storage, by the account's key, a shared access signature, or an identity."""

    def client(self, bucket: str, shared: Mapping[str, Any]) -> "Client":
        """Sign with the account's key or a shared access signature, if there is one."""
        from obstore import store  # noqa: PLC0415 - loaded only where there is a bucket

        connection, secrets = self.connection, secrets_of(self.connection)
        config: dict[str, Any] = {
            "account_name": connection.account,
            "skip_signature": connection.anonymous,
        }
        if connection.endpoint:
            config["endpoint"] = connection.endpoint.rstrip("/")
        if "account_key" in secrets:
            config["account_key"] = secrets["account_key"]
        if "sas_token" in secrets:
            config["sas_key"] = secrets["sas_token"]
        return store.AzureStore(bucket, config=config, **shared)  # type: ignore[arg-type]

    def file_options(self) -> dict[str, Any]:
        """Tell adlfs the account and how it is entered."""
        secrets = secrets_of(self.connection)
        return {
            "account_name": self.connection.account,
            "account_key": secrets.get("account_key"),
            "sas_token": secrets.get("sas_token"),
            "anon": self.connection.anonymous,
        }

    def table_options(self) -> dict[str, str]:
        """Tell the account and how it is entered."""
        connection, secrets = self.connection, secrets_of(self.connection)
        options = {"azure_storage_account_name": connection.account}
        if connection.anonymous:
            options["azure_skip_signature"] = "true"
        if connection.endpoint:
            options["azure_endpoint"] = connection.endpoint.rstrip("/")
        if "account_key" in secrets:
            options["azure_storage_account_key"] = secrets["account_key"]
        if "sas_token" in secrets:
            options["azure_storage_sas_key"] = secrets["sas_token"]
        return options
