"""What every provider of object stores can tell the libraries that all of them are opened with."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ingest.storage.connections import StoreConnection

if TYPE_CHECKING:
    from obstore.store import ObjectStore as Client

C = TypeVar("C", bound=StoreConnection)


class Provider(ABC, Generic[C]):
    """One provider, as one connection reaches it.

    All methods raise `ConfigError` where secrets of the connection are missing.
    """

    def __init__(self, connection: C) -> None:
        self.connection = connection

    @abstractmethod
    def client(self, bucket: str, shared: Mapping[str, Any]) -> "Client":
        """Return obstore's client for a bucket; `shared` is what it is told for any provider."""

    @abstractmethod
    def file_options(self) -> dict[str, Any]:
        """Return the options of fsspec's file system."""

    @abstractmethod
    def table_options(self) -> dict[str, str]:
        """Return what the Delta library is told besides what it is told for any provider."""
