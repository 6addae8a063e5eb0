"""Reading Apache Parquet exactly: nothing is guessed, and no file can end the process.

The footer is parsed here first (`footer`), because PyArrow and Polars abort or panic on some of
what it can say. Columns that are plain and whose pages are sound are decoded by Polars, all others
by PyArrow, which is slower and stricter (`reading`). Files in buckets are read in the same way, out
of a local copy of the bytes that are needed (`local`).
"""
