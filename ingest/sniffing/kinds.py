"""What a handful of texts could be: the type, and the form, that all of them have."""

from collections.abc import Collection

from ingest.sniffing.kind import CODE, TEXT, Kind
from ingest.sniffing.moments import moment_kind
from ingest.sniffing.notation import UNTOLD, Verdict, is_number
from ingest.sniffing.numbers import number_kind

_BOOLEANS = ({"true", "false"}, {"yes", "no"})
_LETTERS = ({"y", "n"}, {"t", "f"})  # one letter alone may be a code, so both have to be there


def kind_of(
    texts: Collection[str],
    name: str = "",
    verdict: Verdict = UNTOLD,
    *,
    named_date: bool = False,
) -> Kind:
    """Return the kind that all texts have, `string` in any doubt. There is at least one text.

    `name` is that of their column, `verdict` what the whole input says of its notation of numbers;
    `named_date` says that the name speaks of a date.
    """
    dates = moment_kind(texts, named_date=True) if named_date else None
    guess = _boolean(texts) or dates or number_kind(texts, name, verdict) or moment_kind(texts)
    if guess and guess.holds(texts):
        return guess
    return CODE if all(map(str.isdigit, texts)) else TEXT


def is_typed(text: str) -> bool:
    """Say whether a text by itself is a number, a date or a time, or digits at least."""
    return bool(text.strip()) and are_typed([text.strip()])


def are_typed(texts: Collection[str]) -> bool:
    """Say whether all texts are digits, or numbers in whatever notation, or dates or times."""
    if all(map(str.isdigit, texts)) or all(text.isdigit() or is_number(text) for text in texts):
        return True
    kind = moment_kind(texts)
    return kind is not None and kind.type != "string"


def _boolean(texts: Collection[str]) -> Kind | None:
    lower = {text.lower() for text in texts}
    if any(lower <= pair for pair in _BOOLEANS) or lower in _LETTERS:
        return Kind("boolean")
    return None
