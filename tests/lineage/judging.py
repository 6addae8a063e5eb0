"""Is an event of OpenLineage as the published schemas say?"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

SCHEMAS = Path(__file__).parent / "schemas"
DRAFT = "https://json-schema.org/draft/2020-12/schema"


def check(event: dict[str, Any]) -> int:
    """Validate an event, and each facet in it by the schema that it names; return how many."""
    return sum(1 for _ in checked(event)) - 1


def checked(event: dict[str, Any]) -> Iterator[None]:
    """Validate the parts of an event, one after the other.

    Raises:
        AssertionError: a part is not as its schema says, or the schema is none that is published.
    """
    yield _one("the event", event, event["schemaURL"])
    for holder in (event["run"], event["job"], *event["inputs"], *event["outputs"]):
        for kind in ("facets", "inputFacets", "outputFacets"):
            for name, facet in (holder.get(kind) or {}).items():
                yield _one(name, facet, facet["_schemaURL"])


def _one(name: str, value: dict[str, Any], url: str) -> None:
    wrong = next(_validator(url).iter_errors(value), None)
    assert wrong is None, f"{name}: {wrong}"


@cache
def _registry() -> tuple[jsonschema_rs.Registry, frozenset[str]]:
    pages = [json.loads(file.read_text()) for file in sorted(SCHEMAS.glob("*.json"))]
    named = [(page["$id"], page) for page in pages]
    return jsonschema_rs.Registry(named), frozenset(url for url, _ in named)


@cache
def _validator(url: str) -> Any:
    registry, published = _registry()
    assert url.partition("#")[0] in published, f"{url}: no published schema"
    page = {"$schema": DRAFT, "$ref": url}
    return jsonschema_rs.validator_for(page, registry=registry, validate_formats=True)
