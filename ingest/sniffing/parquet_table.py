"""Looking at Parquet files."""

import polars as pl

from ingest.core.errors import ConfigError
from ingest.core.types import type_name
from ingest.sniffing.columns import describe_values
from ingest.sniffing.listing import Listing
from ingest.sniffing.mixture import refuse_mixture
from ingest.sniffing.table import Option, Table, key_columns, key_options
from ingest.sources.columns import is_nameable
from ingest.sources.opening import open_input
from ingest.sources.parquet_footer import read_footer

SAMPLE_FILES = 5
LOOK_ROWS = 5000


def look_at_parquet(listing: Listing) -> Table:
    """Find out what is in the columns of Parquet files, whose types they bring along.

    Raises:
        ConfigError: the files differ in their columns, or are damaged.
    """
