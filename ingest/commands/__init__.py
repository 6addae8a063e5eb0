"""The commands: one module each, and what they share. Here the parts of a run meet."""

from ingest.core.allocator import set_allocators

set_allocators()  # before a command imports Polars
