"""How rows lie in files, format by format: known once, for sources, sinks, lookups and `init`."""

from ingest.core.registry import Types
from ingest.formats.base import Format

FORMATS: Types[Format] = Types(
    Format,
    "ingest.formats",
    {
        "csv": "ingest.formats.csv:CsvFormat",
        "fixed_width": "ingest.formats.fixed_width:FixedWidthFormat",
        "jsonl": "ingest.formats.jsonl:JsonlFormat",
        "parquet": "ingest.formats.parquet.writing:ParquetFormat",
    },
)
"""Every format. A new one is added here, and then sources, sinks, lookups and `init` have it."""
USUAL = "csv"
"""What a file of text is that no format recognizes."""
