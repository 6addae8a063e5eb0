"""Steps: what happens to rows between source and contract. One class per file."""

from ingest.core.registry import Types
from ingest.transforms.add_metadata import AddMetadata
from ingest.transforms.base import Transform
from ingest.transforms.cast import Cast
from ingest.transforms.deduplicate import Deduplicate
from ingest.transforms.derive import Derive
from ingest.transforms.drop_nulls import DropNulls
from ingest.transforms.explode import Explode
from ingest.transforms.extract import Extract
from ingest.transforms.fill_null import FillNull
from ingest.transforms.filter import Filter
from ingest.transforms.flatten import Flatten
from ingest.transforms.lookup import Lookup
from ingest.transforms.mask import Mask
from ingest.transforms.normalize_text import NormalizeText
from ingest.transforms.python import Python
from ingest.transforms.rename import Rename
from ingest.transforms.sample import Sample
from ingest.transforms.select import Select
from ingest.transforms.split import Split
from ingest.transforms.sql import Sql

BUILTIN: tuple[type[Transform], ...] = (
    AddMetadata,
    Cast,
    Deduplicate,
    Derive,
    DropNulls,
    Explode,
    Extract,
    FillNull,
    Filter,
    Flatten,
    Lookup,
    Mask,
    NormalizeText,
    Python,
    Rename,
    Sample,
    Select,
    Split,
    Sql,
)

TRANSFORMS: Types[Transform] = Types(Transform, "ingest.transforms", BUILTIN)
"""Every step. A new one is added to the list above, and is then documented and tested."""
