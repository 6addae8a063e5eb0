"""The line `sep=;` with which spreadsheets are told a file's delimiter."""

import re
from collections.abc import Sequence
from dataclasses import replace

from ingest.sniffing.text import Text

_SEPARATOR = re.compile(r'"?sep=(?P<sign>[^\r\n"])"?[ \t;,]*\r?(?:\n|\Z)', re.IGNORECASE)


def without_separator(texts: Sequence[Text]) -> tuple[str | None, list[Text]]:
    """Return the delimiter that files name in their first lines, and them without these lines.

    Only if all of them do.
    """
    matches = [_SEPARATOR.match(text.pieces[0]) for text in texts]
    signs = {match["sign"] if match else None for match in matches}
    if len(signs) > 1 or None in signs:
        return None, list(texts)
    plain = [
        replace(text, pieces=(text.pieces[0][match.end() :], *text.pieces[1:]))
        for text, match in zip(texts, matches, strict=True)
        if match
    ]
    return signs.pop(), plain
