"""Write text in one way."""

from typing import Literal

import polars as pl
from pydantic import Field

from ingest.core.rows import visible
from ingest.transforms.base import StepContext, Transform
from ingest.transforms.columns import is_text, need_text

_CONTROL = r"[\p{Cc}\p{Cf}&&[^\t\n\r\u{200C}\u{200D}]]"


class NormalizeText(Transform):
    """Write text in one way. First the Unicode form, then control characters, space and case."""

    type: Literal["normalize_text"]
    columns: tuple[str, ...] | None = Field(default=None, min_length=1)
    """The texts. Without them: all columns of text."""
    unicode: Literal["NFC", "NFD", "NFKC", "NFKD"] | None = "NFC"
    """The Unicode form, so that an accented letter is always written alike."""
    control: Literal["strip", "keep"] = "strip"
    """Whether control and invisible format characters are left out: NUL, BOM, soft hyphens,
    zero-width spaces. Tabs and line ends are space; joiners belong to their scripts."""
    whitespace: Literal["trim", "collapse", "keep"] = "trim"
    """`trim` removes space at both ends, `collapse` also makes each run of it one blank."""
    case: Literal["lower", "upper", "title", "keep"] = "keep"
    """How letters are written."""
    empty: Literal["null", "keep"] = "keep"
    """Whether a text that is empty (in the end) becomes null."""

    def apply(self, frame: pl.LazyFrame, context: StepContext) -> pl.LazyFrame:
        """Return the frame with its texts rewritten."""
        schema = frame.collect_schema()
        names = self.columns or [name for name in visible(schema) if is_text(schema[name])]
        need_text(schema, names, "columns")
        return frame.with_columns(
            self._written(pl.col(name).cast(pl.String)).alias(name) for name in names
        )

    def writes(self) -> frozenset[str]:
        """Return the columns that are named."""
        return frozenset(self.columns or ())

    def _written(self, text: pl.Expr) -> pl.Expr:
        if self.unicode:
            text = text.str.normalize(self.unicode)
        if self.control == "strip":
            text = text.str.replace_all(_CONTROL, "")
        if self.whitespace != "keep":
            text = text.str.strip_chars()
        if self.whitespace == "collapse":
            text = text.str.replace_all(r"\s+", " ")
        if self.case != "keep":
            text = {
                "lower": text.str.to_lowercase(),
                "upper": text.str.to_uppercase(),
                "title": text.str.to_titlecase(),
            }[self.case]
        return pl.when(text != "").then(text) if self.empty == "null" else text
