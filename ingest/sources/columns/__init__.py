"""The columns of a source: their options, and one type for those that differ among files."""
