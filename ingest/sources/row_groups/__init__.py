"""What a Parquet source reads: footers, row groups, single rows."""
