"""The schemas of objects: those of KubeRay, of the Prometheus operator and of Kubernetes itself.

`schemas.json` is made by `tests/k8s/pack_schemas.py` from KubeRay 1.7.0, the Prometheus operator
and Kubernetes 1.37, all under the Apache License 2.0. Unknown fields are refused.
"""

import difflib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from ingest.kubernetes.manifest import Manifest

_FILE = Path(__file__).with_name("schemas.json")
_SHOWN = 12


def kinds() -> list[str]:
    """Return version and kind of all objects that have a schema."""
    return sorted(_page()["kinds"])


def violations(manifest: Manifest) -> Iterator[str]:
    """Yield a sentence for each field that is unknown, missing or of another type.

    Nothing for a kind without a schema: see `kinds`.
    """
    if manifest.type in _page()["kinds"]:
        errors = _validator(manifest.type).iter_errors(manifest.body)
        for error in sorted(errors, key=lambda each: list(map(str, each.absolute_path))):
            yield from _sentences(error)


def _sentences(error: Any) -> Iterator[str]:
    where = _dotted(error.absolute_path)
    match error.validator:
        case "additionalProperties":
            known = list(error.schema["properties"])
            for name in error.instance:
                if name not in known:
                    yield f"{where}{name}: unknown field. {_instead(str(name), known)}"
        case "required":
            missing = [name for name in error.validator_value if name not in error.instance]
            yield f"{where}{missing[0]}: is missing. Write it"
        case "type":
            allowed = error.validator_value
            names = allowed if isinstance(allowed, list) else [allowed]
            names = [name for name in names if name != "null"]
            yield f"{where.rstrip('.')}: {_short(error.instance)}. Write {' or '.join(names)}"
        case "enum":
            values = [str(value) for value in error.validator_value if value is not None]
            yield f"{where.rstrip('.')}: {_short(error.instance)}. Write one of {', '.join(values)}"
        case _:
            yield (
                f"{where.rstrip('.')}: {_short(error.instance)}. Write a value that fits "
                f"{error.validator}: {error.validator_value}"
            )


def _instead(name: str, known: list[str]) -> str:
    if near := difflib.get_close_matches(name, known, 1, 0.6):
        return f'Did you mean "{near[0]}"?'
    more = ", ..." if len(known) > _SHOWN else ""
    return f"Known fields here: {', '.join(known[:_SHOWN])}{more}"


def _short(value: Any) -> str:
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return json.dumps(value, default=str)


def _dotted(path: Any) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return f"{text[1:]}." if text else ""


@cache
def _page() -> dict[str, Any]:
    page: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return page


@cache
def _validator(kind: str) -> Any:
    from jsonschema import Draft7Validator  # noqa: PLC0415 - takes 0.1 s to import

    page = _page()
    return Draft7Validator({"definitions": page["definitions"], "allOf": [page["kinds"][kind]]})
