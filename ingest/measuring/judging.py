"""What each check of a contract costs by itself."""

import time
from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from ingest.checks.base import BROKEN, Check
from ingest.core.partition import Partition
from ingest.core.rows import REJECT, REJECT_COLUMN
from ingest.work.task import PartitionTask

REPEATS = 3


def checks(task: PartitionTask, partition: Partition) -> Iterator[tuple[str, float]]:
    """Yield each check with the seconds that its condition takes on one partition, best of three.

    Judged on all rows that are of the contract's types, by itself; within the contract, conditions
    share what they have in common.
    """
    contract = task.steps.contract
    if not contract.checks:
        return
    schema = contract.outgoing(task.steps.before_contract)
    bare = contract.model_copy(update={"checks": ()})
    rows, _ = bare.rules(task.steps.before_contract).judged(_before_contract(task, partition))
    judged = rows.with_columns(pl.lit(None, pl.UInt16).alias(BROKEN))
    for place, check in enumerate(contract.checks):
        yield f"{place}.{check.type}", min(_seconds(check, judged, schema) for _ in range(REPEATS))


def _seconds(check: Check, rows: pl.DataFrame, schema: dict[str, pl.DataType]) -> float:
    began = time.perf_counter()
    conditions = [
        violation.broken.alias(str(number))
        for number, violation in enumerate(check.violations(schema))
    ]
    rows.lazy().select(conditions).collect()
    return time.perf_counter() - began


def _before_contract(task: PartitionTask, partition: Partition) -> pl.DataFrame:
    context = replace(task.context, uris=tuple(piece.uri for piece in partition.slices))
    rows = task.source.read(partition, task.layout).frame.collect()
    for step in task.steps.transforms:
        rows = step.apply(rows.lazy(), context).collect()
        if REJECT in rows.columns:
            rows = rows.filter(pl.col(REJECT).is_null()).drop(REJECT, REJECT_COLUMN)
    return rows
