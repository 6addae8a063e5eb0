"""How rows lie in files, format by format: known once, for sources, sinks, lookups and `init`."""

from ingest.core.registry import Types
from ingest.formats.base import Format
from ingest.formats.csv import CsvFormat
from ingest.formats.fixed_width import FixedWidthFormat
from ingest.formats.jsonl import JsonlFormat
from ingest.formats.parquet.writing import ParquetFormat

FORMATS: Types[Format] = Types(
    Format, "ingest.formats", (CsvFormat, FixedWidthFormat, JsonlFormat, ParquetFormat)
)
"""Every format. A new one is added here, and then sources, sinks, lookups and `init` have it."""
USUAL: type[Format] = CsvFormat
"""What a file of text is that no format recognizes."""
