"""What modules and classes of Ray have, replaced for a while."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def replacing(*new: tuple[Any, str, Any]) -> Iterator[None]:
    """Give places other values of their own attributes: place, name, value; put back when left."""
    before = [(place, name, vars(place)[name]) for place, name, _ in new]
    for place, name, value in new:
        setattr(place, name, value)
    try:
        yield
    finally:
        for place, name, value in before:
            setattr(place, name, value)
