"""The names of types in CAST: as everywhere, and of several words as SQL has them."""

from typing import Final

from ingest.core.type_aliases import ALIASES

_LONGER: Final = tuple(name for name in ALIASES if " " in name)


def continues(parts: list[str], word: str) -> bool:
    """Whether a type name that begins with these words continues with this one."""
    begun = " ".join([*parts, word]).lower()
    return any(name.startswith(begun) for name in _LONGER)
