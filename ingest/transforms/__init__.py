"""Steps: what happens to rows between source and contract. One class per file."""

from ingest.core.registry import Types
from ingest.transforms.base import Transform

TRANSFORMS: Types[Transform] = Types(
    Transform,
    "ingest.transforms",
    {
        "add_metadata": "ingest.transforms.add_metadata:AddMetadata",
        "cast": "ingest.transforms.cast:Cast",
        "deduplicate": "ingest.transforms.deduplicate:Deduplicate",
        "derive": "ingest.transforms.derive:Derive",
        "drop_nulls": "ingest.transforms.drop_nulls:DropNulls",
        "explode": "ingest.transforms.explode:Explode",
        "extract": "ingest.transforms.extract:Extract",
        "fill_null": "ingest.transforms.fill_null:FillNull",
        "filter": "ingest.transforms.filter:Filter",
        "flatten": "ingest.transforms.flatten:Flatten",
        "lookup": "ingest.transforms.lookup:Lookup",
        "mask": "ingest.transforms.mask:Mask",
        "normalize_text": "ingest.transforms.normalize_text:NormalizeText",
        "python": "ingest.transforms.python:Python",
        "rename": "ingest.transforms.rename:Rename",
        "sample": "ingest.transforms.sample:Sample",
        "select": "ingest.transforms.select:Select",
        "split": "ingest.transforms.split:Split",
        "sql": "ingest.transforms.sql:Sql",
    },
)
"""Every step. A new one is added here, and is then documented and tested."""
