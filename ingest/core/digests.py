"""Hash text in columns, with the digests of the standard library."""

import hashlib
from collections.abc import Callable
from typing import Literal

import polars as pl

Algorithm = Literal["md5", "sha1", "sha256"]


def hex_digest(values: pl.Expr, algorithm: Algorithm, salt: Callable[[], str] = str) -> pl.Expr:
    """Return the hexadecimal digest of salt and text (or bytes); null stays null.

    The salt is asked for when rows go by, not before. Where values repeat, every distinct one is
    hashed once per batch.
    """

    def digest(batch: pl.Series) -> pl.Series:
        begun = hashlib.new(algorithm, salt().encode(), usedforsecurity=False)

        def hashed(values: pl.Series) -> pl.Series:
            texts = []
            for value in values.cast(pl.Binary).to_list():
                one = begun.copy()
                one.update(value)
                texts.append(one.hexdigest())
            return pl.Series(texts, dtype=pl.String)

        known = batch.drop_nulls()
        distinct = known.unique()
        if len(distinct) * 2 > len(known):  # finding them again costs more than hashing them twice
            nothing = pl.repeat(None, len(batch), dtype=pl.String, eager=True)
            return nothing.scatter(batch.is_not_null().arg_true(), hashed(known))
        return batch.replace_strict(
            distinct, hashed(distinct), default=None, return_dtype=pl.String
        )

    return values.map_batches(digest, return_dtype=pl.String(), is_elementwise=True)


def slow_digest(secret: str, salt: str) -> str:
    """Return a digest, in hex, that tells whether a secret has changed and is dear to guess from.

    scrypt (RFC 7914) with 16 MiB and about 50 ms for each guess.
    """
    return hashlib.scrypt(secret.encode(), salt=salt.encode(), n=2**14, r=8, p=1, dklen=16).hex()
