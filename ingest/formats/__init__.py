"""How rows lie in files, format by format: known once, for sources, lookups and `init`."""
