"""The records of a sample, from which a schema is made, and JSON that is no JSON Lines."""

from collections.abc import Iterable
from typing import Any

from ingest.core.errors import ConfigError
from ingest.sources.json.text import load

ARRAY = (
    "a JSON array, not JSON Lines. JSON Lines has one object on each line. Convert the file: "
    "jq -c '.[]' in.json > out.jsonl"
)
DOCUMENT = (
    "a JSON document of several lines, not JSON Lines. JSON Lines has one object on each line. "
    "Convert the file: jq -c . in.json > out.jsonl"
)

_DELIMITERS = (",", ";", "\t", "|")


def objects(uri: str, texts: Iterable[str]) -> list[dict[str, Any]]:
    """Return the records of these lines that are objects.

    Raises:
        ConfigError: the file is JSON, but its lines are not its records.
    """
    records, first = [], ""
    for text in texts:
        first = first or text.strip()
        try:
            record = load(text)
        except ValueError:
            continue
        if isinstance(record, dict):
            records.append(record)
    if len(records) < 2 and (what := document(first)):
        raise ConfigError(f'path: "{uri}": {what}')
    return records


def is_json(text: str) -> bool:
    """Whether a line is JSON of any kind, or meant to be: then it may be a bad record."""
    if text.lstrip().startswith(("{", "[")):
        return True
    try:
        load(text)
    except ValueError:
        return False
    return True


def not_json(*first_lines: str) -> str:
    """Say that no record of a sample is JSON, and what its files may be, by their first lines."""
    what = "not JSON Lines (type: jsonl): none of the first lines is a JSON object"
    if all(any(sign in line for sign in _DELIMITERS) for line in first_lines):
        return f"{what}. They look like CSV. Write type: csv"
    return f"{what}. Name other files, or set the type that fits them"


def document(first_line: str) -> str:
    """Return what JSON other than JSON Lines begins with such a line; nothing if none does.

    A line that is a list of numbers may be a bad record; one of objects, or one that continues in
    the next line, is none.
    """
    if first_line == "{":
        return DOCUMENT
    if not first_line.startswith("["):
        return ""
    try:
        elements = load(first_line)
    except ValueError:
        return ARRAY
    return ARRAY if any(isinstance(element, dict) for element in elements) else ""
