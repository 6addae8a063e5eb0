"""The pieces of YAML that a text tells its reader to write."""

from typing import Any

import yaml


def pieces(text: str) -> list[dict[str, Any]]:
    """Return the mappings `{type: ...}` in a text."""
    found, rest = [], text
    while (start := rest.find("{type: ")) >= 0:
        end, depth = start, 0
        while end == start or depth:
            depth += {"{": 1, "}": -1}.get(rest[end], 0)
            end += 1
        found.append(yaml.safe_load(rest[start:end]))
        rest = rest[end:]
    return found
