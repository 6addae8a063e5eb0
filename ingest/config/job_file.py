"""A job as composed, as a file that composes to the same job again."""

import re
from typing import Any

import yaml


def job_file(raw: dict[str, Any], comment: str) -> str:
    """Return the file of a composed job; what might be read as a reference in it is escaped."""
    text = yaml.safe_dump(_escaped(raw), sort_keys=False, allow_unicode=False, width=100)
    return f"# @package _global_\n# {comment}\n{text}"


def _escaped(value: Any) -> Any:
    match value:
        case dict():
            return {key: _escaped(each) for key, each in value.items()}
        case list():
            return [_escaped(each) for each in value]
        case str() if "${" in value:
            # backslashes before a reference count twice, and one more makes it text
            return re.sub(r"(\\*)\$\{", lambda match: match[1] * 2 + r"\${", value)
    return value
