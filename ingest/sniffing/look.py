"""Looking at files of whatever format."""

from ingest.sniffing.csv_table import look_at_csv
from ingest.sniffing.formatted_table import look_at_formatted
from ingest.sniffing.jsonl_table import look_at_jsonl
from ingest.sniffing.listing import find_files
from ingest.sniffing.parquet_table import look_at_parquet
from ingest.sniffing.table import Table

_CLOSELY = {"csv": look_at_csv, "jsonl": look_at_jsonl, "parquet": look_at_parquet}
"""Formats that are looked at more closely than by reading a few files as a job would: an optional
extra, which finds options of the source, mistakes in records, and types of texts."""


def look_at(path: str) -> Table:
    """Find out what a file, a folder or a glob holds. Reads about a mebibyte and writes nothing.

    Raises:
        ConfigError: nothing is there, it cannot be read, or it is not one table.
    """
    listing = find_files(path)
    return _CLOSELY.get(listing.type, look_at_formatted)(listing)
