"""Everything that is read off a ledger while it grows, or after: progress and summaries."""
