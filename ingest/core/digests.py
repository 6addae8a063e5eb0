"""Hash text in columns, with the digests of the standard library."""

import hashlib
from collections.abc import Callable
from typing import Literal

import polars as pl

Algorithm = Literal["md5", "sha1", "sha256"]


def hex_digest(values: pl.Expr, algorithm: Algorithm, salt: Callable[[], str] = str) -> pl.Expr:
    """Return the hexadecimal digest of salt and text (or bytes); null stays null.

    The salt is asked for when rows go by, not before. Every distinct value is hashed once per
    batch: columns that are worth hiding repeat a lot.
    """

    def digest(batch: pl.Series) -> pl.Series:
        prefix = salt().encode()
        distinct = batch.drop_nulls().unique()
        encoded = (value.encode() if isinstance(value, str) else value for value in distinct)
        hashed = [
            hashlib.new(algorithm, prefix + value, usedforsecurity=False).hexdigest()
            for value in encoded
        ]
        return batch.replace_strict(
            distinct, pl.Series(hashed, dtype=pl.String), default=None, return_dtype=pl.String
        )

    return values.map_batches(digest, return_dtype=pl.String(), is_elementwise=True)


def slow_digest(secret: str, salt: str) -> str:
    """Return a digest, in hex, that tells whether a secret has changed and is dear to guess from.

    scrypt (RFC 7914) with 16 MiB and about 50 ms for each guess.
    """
    return hashlib.scrypt(secret.encode(), salt=salt.encode(), n=2**14, r=8, p=1, dklen=16).hex()
