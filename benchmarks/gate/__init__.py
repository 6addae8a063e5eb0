"""The gate: does our path of a partition cost more, beside bare Polars, than it did?"""
