"""What rows must keep: one class for each `type` of check, and the contract that holds them."""

from ingest.checks.expression import Expression
from ingest.checks.in_set import InSet
from ingest.checks.length import Length
from ingest.checks.matches import Matches
from ingest.checks.not_null import NotNull
from ingest.checks.range import Range
from ingest.checks.unique_in_partition import UniqueInPartition

CHECKS = (NotNull, Range, InSet, Matches, Length, Expression, UniqueInPartition)
