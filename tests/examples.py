"""How many examples a property is tried with: ten times as many by `make test-slow`."""

import os

from hypothesis import settings

FACTOR = int(os.environ.get("INGEST_EXAMPLES", "1"))


def examples(number: int) -> settings:
    """Return the settings of a property that takes long, or has much to try."""
    return settings(max_examples=number * FACTOR)
