"""Digests and hashes."""

import polars as pl

from ingest.core.digests import hex_digest
from ingest.expressions.catalogue import function
from ingest.expressions.values import Value


@function("md5(text|binary)", "md5('a')", "'0cc175b9c0f1b6a831c399e269772661'")
def md5(value: Value) -> pl.Expr:
    """The MD5 digest as 32 hexadecimal digits. Not for secrets: see the step `mask`."""
    return hex_digest(value.expr, "md5")


@function("sha1(text|binary)", "left(sha1('a'), 8)", "'86f7e437'")
def sha1(value: Value) -> pl.Expr:
    """The SHA-1 digest as 40 hexadecimal digits."""
    return hex_digest(value.expr, "sha1")


@function("sha256(text|binary)", "left(sha256('a'), 8)", "'ca978112'")
def sha256(value: Value) -> pl.Expr:
    """The SHA-256 digest as 64 hexadecimal digits."""
    return hex_digest(value.expr, "sha256")


@function("hash(any, ...)", "hash('a') = hash('a')", "TRUE")
def hash_(*values: Value) -> pl.Expr:
    """A fast 64-bit number for splitting rows into groups.

    It may change with the version of Polars; `sha256` never does.
    """
    if len(values) == 1:
        return values[0].expr.hash(seed=0)
    named = [value.expr.alias(f"f{place}") for place, value in enumerate(values)]
    return pl.struct(named).hash(seed=0)
