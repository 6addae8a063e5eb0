"""CSV, as RFC 4180 has it, in UTF-8."""

from typing import Literal

from ingest.formats.csv import CsvFormat
from ingest.sinks.formatted import FormattedSink


class Csv(CsvFormat, FormattedSink):
    """A directory of CSV files in UTF-8, each with a header line.

    Text is quoted if necessary. A null is written as `null_text` and the empty text as `""`, so
    the two stay different. Timestamps are written as `2013-01-01T05:15:00.000000`, followed by
    `+0000` if they have a zone.
    """

    type: Literal["csv"]
