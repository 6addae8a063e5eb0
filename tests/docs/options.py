"""Tables of options, from the JSON schemas of the models."""

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

from pydantic import ByteSize, TypeAdapter

from ingest.core.model import Model

HEAD = "| option | values | default | meaning |\n|---|---|---|---|\n"
UNIONS = {"source": "sources.md", "transforms": "transforms.md", "sink": "sinks.md"}
UNIONS |= {"checks": "checks.md", "cluster": "#cluster", "reference": "sources.md"}
CONNECTIONS = {"connection", "state_connection"}
SECTIONS = {"Contract": "#contract", "Execution": "#execution", "Retry": "#retry"}
"""What has a page or a section of its own, and is not unfolded where it is used."""

WORDS = {"string": "text", "integer": "integer", "number": "number", "boolean": "true or false"}
BOUNDS = {
    "minimum": "from {}", "exclusiveMinimum": "above {}", "maximum": "up to {}",
    "exclusiveMaximum": "below {}", "pattern": "`{}`",
}  # fmt: skip
AT_LEAST_ONE = {
    "minLength": "not empty",
    "minItems": "at least one",
    "minProperties": "at least one",
}

BYTE_SIZE = TypeAdapter(ByteSize).json_schema()["anyOf"][0]["pattern"]

Schema = dict[str, Any]


def type_of(cls: type[Model]) -> str:
    """Return the `type` that a class is written by."""
    return str(cls.model_fields["type"].annotation.__args__[0])  # type: ignore[union-attr]


def doc(cls: object) -> str:
    """Return a docstring in Markdown: an indented block of it becomes a block of code."""
    text = inspect.getdoc(cls)
    assert text, f"{cls} has no docstring"
    return markdown(text)


def markdown(text: str) -> str:
    """Return a text of paragraphs and indented blocks in Markdown, a paragraph a line."""
    parts = []
    for part in text.strip().split("\n\n"):
        indented = all(line.startswith("    ") for line in part.splitlines())
        parts.append(f"```\n{inspect.cleandoc(part)}\n```" if indented else flat(part))
    return "\n\n".join(parts)


def table(cls: type[Model]) -> str:
    """Return the table of a model's options.

    Raises:
        AssertionError: an option has no description.
    """
    schema = cls.model_json_schema()
    rows = list(_rows(schema, schema.get("$defs", {}), "", cls.__name__))
    return HEAD + "".join(rows) if rows else "No options.\n"


def _rows(schema: Schema, defs: Schema, prefix: str, owner: str) -> Iterator[str]:
    for name, option in schema.get("properties", {}).items():
        if name == "type" and "const" in option:
            continue  # it is the heading
        text = option.get("description")
        assert text, f"{owner}.{name}: this option has no description. Write one below the field"
        inner = None if name in UNIONS or _is_connection(name, option) else _nested(option)
        if inner is not None and inner[1] not in SECTIONS:
            text = f"{text} {defs[inner[1]]['description']}"
        default = "" if name in schema.get("required", ()) else _default(name, option)
        cells = f"`{prefix}{name}`", _kind(name, option), default or "required", flat(text)
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
        if inner is not None and inner[1] not in SECTIONS:
            yield from _rows(defs[inner[1]], defs, f"{prefix}{name}{inner[0]}.", inner[1])


def _nested(option: Schema) -> tuple[str, str] | None:
    """Return where in an option's value a model stands, and which."""
    if "$ref" in option:
        return "", option["$ref"].rpartition("/")[2]
    if isinstance(option.get("additionalProperties"), dict):
        found = _nested(option["additionalProperties"])
        return found and (f".NAME{found[0]}", found[1])
    if isinstance(option.get("items"), dict):
        found = _nested(option["items"])
        return found and (f"[]{found[0]}", found[1])
    return next(filter(None, map(_nested, option.get("anyOf", ()))), None)


def _is_connection(name: str, option: Schema) -> bool:
    """Say whether a connection is named: there are retries after lost connections, too."""
    nested = _nested(option)
    return name in CONNECTIONS and not (nested and nested[1] in SECTIONS)


def _kind(name: str, option: Schema) -> str:
    if _is_connection(name, option):
        return "the name of a [connection](connections.md)"
    if name in UNIONS:
        several = option.get("type") == "array"
        return f"{'list of [these]' if several else '[one of these]'}({UNIONS[name]})"
    if option.get("pattern") == BYTE_SIZE:
        return "a size like `8GiB`"
    words = _words(option)
    limits = [text.format(option[key]) for key, text in BOUNDS.items() if key in option]
    limits += [text for key, text in AT_LEAST_ONE.items() if option.get(key) == 1]
    if option.get("minLength") == option.get("maxLength") == 1:
        limits = ["one character"]
    return ", ".join([words, *limits])


def _words(option: Schema) -> str:  # noqa: PLR0911 - one return for each kind
    if "anyOf" in option:
        kinds = [_kind("", each) for each in option["anyOf"] if each.get("type") != "null"]
        if len(kinds) < len(option["anyOf"]) and option.get("default") is not None:
            kinds.append("`null`")  # else it is the default, and need not be written
        return " or ".join(dict.fromkeys(kinds))
    if "const" in option:
        return f"`{option['const']}`"
    if "enum" in option:
        return ", ".join(f"`{value}`" for value in option["enum"])
    if "$ref" in option:
        target = option["$ref"].rpartition("/")[2]
        return f"[these keys]({SECTIONS[target]})" if target in SECTIONS else "the keys below"
    if option.get("type") == "array":
        return f"list of {_kind('', option['items'])}"
    if option.get("type") == "object":
        values = option.get("additionalProperties")
        return f"mapping of names to {_kind('', values)}" if isinstance(values, dict) else "mapping"
    return WORDS[option["type"]]


def _default(name: str, option: Schema) -> str:
    value = option.get("default", {})  # what a factory makes is an empty mapping
    if value is None:
        return "none"
    nested = _nested(option)
    if nested and not nested[0] and "default" not in option:
        return "its own"
    if nested and value:
        return f"`{json.dumps(value)}`" if _is_flat(value) and nested[1] in SECTIONS else "its own"
    if name.endswith("_bytes") and value % 2**20 == 0:
        return f"`{value}` ({value // 2**20} MiB)"
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _is_flat(value: Schema) -> bool:
    return all(isinstance(each, int | float) for each in value.values())


def flat(text: str) -> str:
    """Return a text in one line, with nothing outside code that Markdown takes for a tag."""
    parts = text.strip().split("`")
    broken = [part for part in parts[1::2] if "\n" in part]
    assert not broken, f"code that is broken over two lines: {broken}"
    parts[::2] = [re.sub(r"\s+", " ", part).replace("<", "&lt;") for part in parts[::2]]
    return "`".join(parts)
