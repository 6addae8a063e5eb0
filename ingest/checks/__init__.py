"""What rows must keep: one class for each `type` of check, and the contract that holds them."""

from ingest.checks.base import Check
from ingest.core.registry import Types

CHECKS: Types[Check] = Types(
    Check,
    "ingest.checks",
    {
        "not_null": "ingest.checks.not_null:NotNull",
        "range": "ingest.checks.range:Range",
        "in_set": "ingest.checks.in_set:InSet",
        "matches": "ingest.checks.matches:Matches",
        "length": "ingest.checks.length:Length",
        "expression": "ingest.checks.expression:Expression",
        "unique_in_partition": "ingest.checks.unique_in_partition:UniqueInPartition",
    },
)
"""Every check. A new one is added here, and is then documented and tested."""
