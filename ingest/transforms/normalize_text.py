"""Write text in one way."""

from collections.abc import Mapping
from typing import Literal

import polars as pl
from pydantic import Field

from ingest.core.rows import visible
from ingest.transforms.base import StepContext, Transform
from ingest.transforms.columns import is_text, need_text
from ingest.transforms.lowering import lowered

_CONTROL = r"[\p{Cc}\p{Cf}&&[^\t\n\r\u{200C}\u{200D}]]"
_ODD = r"[^\t\n\r -~]"
"""Without such a character, a text is in every normal form, and has nothing to strip."""
_SPACES = r"\s{2,}|[^\S ]"
"""Spaces that are not one plain space already: of those, each would cost a replacement."""


class NormalizeText(Transform):
    """Normalize text: first the Unicode form, then control characters, spaces and case."""

    type: Literal["normalize_text"]
    columns: tuple[str, ...] | None = Field(default=None, min_length=1)
    """The columns of text. Default: all string columns."""
    unicode: Literal["NFC", "NFD", "NFKC", "NFKD"] | None = "NFC"
    """The Unicode normal form, so that an accented letter always has the same code points."""
    control: Literal["strip", "keep"] = "strip"
    """Whether to remove control and invisible format characters: NUL, BOM, soft hyphens, zero-width
    spaces. Tabs and line ends count as space; joiners, which some scripts need, are kept."""
    whitespace: Literal["trim", "collapse", "keep"] = "trim"
    """`trim` removes spaces at both ends, `collapse` also replaces each run of spaces with one."""
    case: Literal["lower", "upper", "title", "keep"] = "keep"
    """Whether to change the case of letters."""
    empty: Literal["null", "keep"] = "keep"
    """Whether text that is empty after normalizing becomes null."""

    def apply(self, frame: pl.LazyFrame, context: StepContext) -> pl.LazyFrame:
        """Return the frame with its texts rewritten."""
        schema = frame.collect_schema()
        names = self.columns or [name for name in visible(schema) if is_text(schema[name])]
        need_text(schema, names, "columns")
        return frame.with_columns(
            self._written(pl.col(name).cast(pl.String)).alias(name) for name in names
        )

    def touches(self, given: Mapping[str, pl.DataType]) -> frozenset[str]:
        """Return the rewritten columns."""
        return frozenset(self.columns or (name for name in given if is_text(given[name])))

    def writes(self) -> frozenset[str]:
        """Return the columns that are named."""
        return frozenset(self.columns or ())

    def _written(self, text: pl.Expr) -> pl.Expr:
        if self.unicode or self.control == "strip":
            odd = self._cleaned(pl.when(text.str.contains(_ODD)).then(text))
            text = pl.coalesce(odd, text)
        if self.whitespace != "keep":
            text = text.str.strip_chars()
        if self.whitespace == "collapse":
            text = text.str.replace_all(_SPACES, " ")
        if self.case != "keep":
            text = {
                "lower": text.map_batches(lowered, return_dtype=pl.String(), is_elementwise=True),
                "upper": text.str.to_uppercase(),
                "title": text.str.to_titlecase(),
            }[self.case]
        return pl.when(text != "").then(text) if self.empty == "null" else text

    def _cleaned(self, text: pl.Expr) -> pl.Expr:
        if self.unicode:
            text = text.str.normalize(self.unicode)
        return text.str.replace_all(_CONTROL, "") if self.control == "strip" else text
