"""The functions of expressions, one module for each topic; importing it fills the catalogue."""

from ingest.expressions.functions import conditional, hashing, moments, nested, numbers, text

__all__ = ["conditional", "hashing", "moments", "nested", "numbers", "text"]
