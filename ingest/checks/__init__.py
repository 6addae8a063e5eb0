"""What rows must keep: one class for each `type` of check, and the contract that holds them."""

from ingest.checks.base import Check
from ingest.checks.expression import Expression
from ingest.checks.in_set import InSet
from ingest.checks.length import Length
from ingest.checks.matches import Matches
from ingest.checks.not_null import NotNull
from ingest.checks.range import Range
from ingest.checks.unique_in_partition import UniqueInPartition
from ingest.core.registry import Types

CHECKS: Types[Check] = Types(
    Check,
    "ingest.checks",
    (NotNull, Range, InSet, Matches, Length, Expression, UniqueInPartition),
)
"""Every check. A new one is added here, and is then documented and tested."""
