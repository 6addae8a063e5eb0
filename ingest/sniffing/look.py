"""Looking at files of whatever format."""

from ingest.sniffing.csv_table import look_at_csv
from ingest.sniffing.jsonl_table import look_at_jsonl
from ingest.sniffing.listing import find_files
from ingest.sniffing.parquet_table import look_at_parquet
from ingest.sniffing.table import Table

_LOOKS = {"csv": look_at_csv, "jsonl": look_at_jsonl, "parquet": look_at_parquet}


def look_at(path: str) -> Table:
    """Find out what a file, a folder or a glob holds. Reads about a mebibyte and writes nothing.

    Raises:
        ConfigError: nothing is there, it cannot be read, or it is not one table.
    """
    listing = find_files(path)
    return _LOOKS[listing.type](listing)
