"""The commands: one module each, and what they share. Here the parts of a run meet."""

from ingest.core.allocator import keep_freed_memory

keep_freed_memory()  # before a command imports Polars
