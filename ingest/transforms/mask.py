"""Hide values."""

from collections.abc import Mapping
from typing import Literal, Self

import polars as pl
from pydantic import Field, model_validator

from ingest.core.digests import hex_digest, slow_digest
from ingest.core.secrets import SecretRef
from ingest.transforms.base import StepContext, Transform
from ingest.transforms.columns import need_kind


class Mask(Transform):
    """Mask values: hash them, replace them, or show only their end. Nulls stay null.

    The result is text. The columns are private up to this step, and so are those that they are made
    of: neither the quarantine nor a message shows their values (see `contract.pii`).
    """

    type: Literal["mask"]
    columns: tuple[str, ...] = Field(min_length=1)
    """The columns to mask."""
    method: Literal["hash", "redact", "partial"]
    """`hash` writes the SHA-256 of salt and value: equal values get equal hashes. `redact` writes
    the replacement. `partial` replaces all but the last characters with `*`, and the whole value if
    it is not longer than those."""
    salt: SecretRef | None = None
    """For `hash`: the secret salt, without which values could be guessed, as `{env: NAME}` or
    `{file: PATH}`. Workers read it; it is never stored."""
    replacement: str = "***"
    """For `redact`: the text that replaces every value."""
    show_last: int = Field(default=4, ge=0)
    """For `partial`: how many characters to keep at the end."""

    @model_validator(mode="after")
    def _salted(self) -> Self:
        if self.method == "hash" and self.salt is None:
            raise ValueError("method: hash needs a salt, a secret text. Add salt: {env: NAME}")
        if self.method != "hash" and self.salt is not None:
            raise ValueError("salt only works with method: hash. Remove it, or write method: hash")
        return self

    def prepare(self, context: StepContext) -> None:
        """Check that the salt can be read."""
        if self.salt:
            self.salt.resolve()

    def apply(self, frame: pl.LazyFrame, context: StepContext) -> pl.LazyFrame:
        """Return the frame with these columns hidden."""
        schema = frame.collect_schema()
        need_kind(
            schema,
            self.columns,
            "columns",
            "text, a number or a date",
            lambda kind: not kind.is_nested(),
        )
        return frame.with_columns(
            self._hidden(pl.col(name).cast(pl.String)).alias(name) for name in self.columns
        )

    def touches(self, given: Mapping[str, pl.DataType]) -> frozenset[str]:
        """Return the hidden columns."""
        return self.writes()

    def fingerprint(self, context: StepContext) -> str:
        """Return a digest from which the salt cannot be guessed at any useful speed."""
        return slow_digest(self.salt.resolve(), context.job) if self.salt else ""

    def hides(self) -> frozenset[str]:
        """Return the hidden columns."""
        return frozenset(self.columns)

    def writes(self) -> frozenset[str]:
        """Return the hidden columns."""
        return frozenset(self.columns)

    def _hidden(self, text: pl.Expr) -> pl.Expr:
        if self.salt:
            return hex_digest(text, "sha256", self.salt.resolve)
        if self.method == "redact":
            return pl.when(text.is_not_null()).then(pl.lit(self.replacement))
        length = text.str.len_chars()
        shown = pl.when(length > self.show_last).then(text.str.tail(self.show_last))
        return shown.otherwise(pl.when(text.is_not_null()).then(pl.lit(""))).str.pad_start(
            length, "*"
        )
