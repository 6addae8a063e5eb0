"""The laws of formats, for every listed format that can be written and some of their options."""

from typing import Any

import pytest

from ingest.core.registry import type_of
from ingest.formats import FORMATS
from ingest.formats.base import WritableFormat
from ingest.sinks import SINKS
from ingest.sources import SOURCES
from ingest.testing.formats import LAWS

OPTIONS: dict[str, list[dict[str, Any]]] = {
    "csv": [
        {},
        {"null_text": "NULL", "delimiter": ";", "quoting": "non_numeric", "compression": "gz"},
    ],
    "jsonl": [{}, {"compression": "zst"}],
    "parquet": [{}, {"row_group_rows": 1}],
}
CASES = [
    pytest.param(kind, options, id=f"{type_of(kind)}-{number}")
    for kind in FORMATS.builtin
    if issubclass(kind, WritableFormat)
    for number, options in enumerate(OPTIONS[type_of(kind)])
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize(("kind", "options"), CASES)
def test_law(kind, options, law):
    law(kind.model_validate({"type": type_of(kind), **options}))


def test_a_format_is_read_and_written_by_the_types_of_its_name():
    readers = {type_of(kind) for kind in SOURCES.builtin}
    writers = {type_of(kind) for kind in SINKS.builtin}
    for kind in FORMATS.builtin:
        assert type_of(kind) in readers
        assert not issubclass(kind, WritableFormat) or type_of(kind) in writers
