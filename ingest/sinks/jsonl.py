"""JSON Lines."""

from typing import Literal

from ingest.formats.jsonl import JsonlFormat
from ingest.sinks.formatted import FormattedSink


class Jsonl(JsonlFormat, FormattedSink):
    """A directory of JSON Lines files in UTF-8: one object per row, with nested columns.

    Nulls are written as `null`, dates, times and timestamps as ISO 8601 text, decimals as text
    with all their digits.
    """

    type: Literal["jsonl"]
