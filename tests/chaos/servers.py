"""The servers that a campaign needs, started by it; and the places that lead there."""

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import botocore.session
from botocore.config import Config

from tests.chaos.places import InBucket, InDatabase, Place
from tests.chaos.shapes import Shape
from tests.services import ceph, postgres
from tests.services.bucket import BUCKET, Bucket

Places = Mapping[str, Callable[[Path], Place]]
"""How a place is made in a folder, by `Shape.where`."""
DISK: Places = {"disk": Place}


@contextmanager
def servers(shapes: Iterable[Shape]) -> Iterator[tuple[Places, dict[str, str]]]:
    """Start what these shapes need; give their places, and what leads to the bucket."""
    needed, places = {shape.where for shape in shapes}, {**DISK}
    with ExitStack() as exits:
        if needed <= places.keys():
            yield places, {}
            return
        bucket = new_bucket(exits.enter_context(ceph.gateway()))
        places["s3"] = partial(InBucket, bucket=bucket)
        if "postgres" in needed:
            server = exits.enter_context(postgres.running())
            places["postgres"] = partial(InDatabase, bucket=bucket, server=server)
        yield places, bucket.environment


def new_bucket(url: str) -> Bucket:
    """Return a prefix in the bucket of a server, which is made if it is not there."""
    client = botocore.session.get_session().create_client(
        "s3",
        endpoint_url=url,
        region_name=ceph.REGION,
        aws_access_key_id=ceph.KEY,
        aws_secret_access_key=ceph.SECRET,
        config=Config(
            s3={"addressing_style": "path"}, request_checksum_calculation="when_required"
        ),
    )
    client.create_bucket(Bucket=BUCKET)  # harmless if it is there
    return Bucket(url, f"chaos-{secrets.token_hex(4)}", client)
