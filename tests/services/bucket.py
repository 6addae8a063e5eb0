"""A place of its own for a test in the bucket of a server."""

from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

from tests.services import ceph

BUCKET = "test-bucket"
MADE: WeakSet["Bucket"] = WeakSet()
"""Those that a test can still reach."""


@dataclass(frozen=True)
class Bucket:
    """A prefix; `client` looks at it with another library than those under test."""

    url: str
    prefix: str
    client: Any

    def __post_init__(self) -> None:
        MADE.add(self)

    @property
    def uri(self) -> str:
        return f"s3://{BUCKET}/{self.prefix}"

    @property
    def environment(self) -> dict[str, str]:
        """What has every library find the server."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": ceph.KEY,
            "AWS_SECRET_ACCESS_KEY": ceph.SECRET,
            "AWS_REGION": ceph.REGION,
            "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def put(self, key: str, data: bytes) -> None:
        self.client.put_object(Bucket=BUCKET, Key=f"{self.prefix}/{key}", Body=data)

    def get(self, key: str) -> bytes:
        return self.client.get_object(Bucket=BUCKET, Key=f"{self.prefix}/{key}")["Body"].read()

    def remove(self, key: str) -> None:
        self.client.delete_object(Bucket=BUCKET, Key=f"{self.prefix}/{key}")

    def keys(self, below: str = "") -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=BUCKET, Prefix=f"{self.prefix}/{below}"
        )
        found = (entry["Key"] for page in pages for entry in page.get("Contents", ()))
        return [key.removeprefix(f"{self.prefix}/") for key in found]
