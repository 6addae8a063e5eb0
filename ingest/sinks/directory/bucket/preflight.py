"""What can be seen to be wrong with a prefix before anything is written into it."""

import os
import secrets
from collections.abc import Iterator

from ingest.core.errors import ConfigError, FatalError
from ingest.sinks.directory import manifest
from ingest.sinks.directory.bucket.names import PROBE, Names
from ingest.storage.retrying import RetryingBucket

_KEY_BYTES = 1024
_RUN_ID = "20131231t235959-1a2b3c"
_INDEX, _NUMBER = 10**9, 10**6


def unusable(objects: RetryingBucket, names: Names) -> Iterator[str]:
    """Try what publishing needs, with an object that is removed again; say what does not work.

    Raises:
        ConfigError: there are no credentials, no bucket, or they may not list or write.
    """
    objects.names(names.beside)
    try:
        flaw = _flaw(objects, names) and _flaw(objects, names)
    except FatalError as error:  # after the first write, an error would be one of the run
        raise ConfigError(str(error).removesuffix(", then run again")) from None
    if flaw:
        yield (
            f'the store of "{objects.uri(names.root)}" {flaw}, so runs of two states could '
            "publish there at the same time. Use a store that does, such as AWS S3, Ceph or "
            "MinIO, or a local folder"
        )


def _flaw(objects: RetryingBucket, names: Names) -> str:
    """Return what a probe finds. Not to be believed once: a run that ends removes all probes."""
    probe = f"{names.beside}/{PROBE}/{secrets.token_hex(8)}"
    flaw = objects.flaw(probe)
    objects.remove([probe])
    return flaw


def too_long(above: str, names: Names, suffix: str, folder: str) -> str:
    """Say that keys would be longer than stores take; `above` is the key of the prefix above."""
    name = manifest.published_name(folder, _RUN_ID, _INDEX, _NUMBER, suffix)
    longest = max(
        len(os.fsencode(f"{above}/{each}"))
        for each in (names.published(name), names.staged(_RUN_ID, f"{_RUN_ID}.staged"))
    )
    if longest <= _KEY_BYTES:
        return ""
    return (
        f"objects in it would have keys of up to {longest:,} bytes, but stores allow "
        f"{_KEY_BYTES:,}. Choose a shorter path"
    )
