"""The kinds of sinks whose runs are killed, and the shapes that are killed of each."""

from dataclasses import dataclass, replace
from typing import Any

from tests.chaos.shapes import ON_PROCESSES, ON_RAY, SHAPES, Shape


@dataclass(frozen=True, slots=True)
class Kind:
    """The shapes that are killed in one process, on worker processes and on Ray."""

    in_process: tuple[Shape, ...] = SHAPES
    on_processes: tuple[Shape, ...] = ON_PROCESSES
    on_ray: tuple[Shape, ...] = ON_RAY

    @classmethod
    def of(cls, *shapes: Shape, **changes: Any) -> "Kind":
        """Return the kind of these shapes, and of the others with these changes."""
        return cls(
            shapes,
            tuple(replace(shape, **changes) for shape in ON_PROCESSES),
            tuple(replace(shape, **changes) for shape in ON_RAY),
        )


KINDS = {
    "disk": Kind(),
    "s3": Kind.of(
        Shape("in a bucket, overwrite after another", earlier=True, rows=60, partitions=3,
              where="s3"),
        Shape("in a bucket, append of folders", source="jsonl", disposition="append",
              partition_by=True, rows=40, files=1, partitions=2, where="s3"),
        Shape("in a bucket, replaced folders", disposition="overwrite_partitions",
              partition_by=True, earlier=True, rows=40, files=1, partitions=2, where="s3"),
        Shape("in a bucket, one object in parts", sink="jsonl", rows=20_000, files=1,
              partitions=1, text_bytes=1000, quarantine=False, where="s3"),
        where="s3",
    ),
    "delta": Kind.of(
        *(shape for shape in SHAPES if shape.sink == "delta"),
        Shape("a table in a bucket, appended to", sink="delta", disposition="append",
              partition_by=True, rows=40, files=1, partitions=2, where="s3"),
        Shape("a table in a bucket, merged into", sink="delta", disposition="merge", earlier=True,
              rows=60, files=2, partitions=2, where="s3"),
        sink="delta",
        where="s3",
    ),
    "postgres": Kind.of(
        Shape("rows of a database, appended to", source="jsonl", sink="postgres",
              disposition="append", rows=60, partitions=3, where="postgres"),
        Shape("rows of a database, merged into", sink="postgres", disposition="merge",
              earlier=True, rows=60, files=2, partitions=2, where="postgres"),
        sink="postgres",
        disposition="append",
        where="postgres",
    ),
}  # fmt: skip
