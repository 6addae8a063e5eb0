"""Seeded generators, one module each: `generate(folder, **params)` makes the same bytes always."""
