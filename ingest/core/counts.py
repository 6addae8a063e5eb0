"""Counts of things, in words."""


def counted(number: int, one: str, several: str = "") -> str:
    """Return a number with its noun: `1 file`, `1,200 files`, `3 entries`."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"
