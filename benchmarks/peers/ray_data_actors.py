"""Plain Ray Data on a pool of actors, which its documentation has for what is costly to set up."""

from typing import Any

import pyarrow as pa
import ray

from benchmarks.peers import _frames as frames
from benchmarks.peers import _ray_data as plain
from benchmarks.peers.harness import Clock, Spec, main

# A write never fuses with actors before it, so it runs in tasks beside them: a pool that takes all
# CPUs would leave it none, and wait for ever (ray#44687). Half a CPU each leaves one for writing,
# and a read that asks for the same fuses into the actors.
CPUS = 0.5


class Framed:
    """Runs a query of Polars on each batch."""

    def __init__(self, work: frames.Work) -> None:
        self.work = plain.worked(work)

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Work a batch."""
        return self.work(batch)


class Scored:
    """Holds the model, and scores each batch."""

    def __init__(self, file: str) -> None:
        from benchmarks.peers import _model as model  # noqa: PLC0415 - only here is one needed

        self.model, self.file = model, file
        model.session(file)

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Append the scores."""
        return self.model.scored(batch, self.file)


def run(spec: Spec, clock: Clock, actor: type, given: Any, *, routed: bool) -> None:
    """Read inside the actors, work there, write in tasks."""
    pool = ray.data.ActorPoolStrategy(size=spec.cpus)
    rows = plain.read(spec, num_cpus=CPUS).map_batches(
        actor, fn_constructor_args=(given,), compute=pool, num_cpus=CPUS, **plain.MAP
    )
    plain.write(rows, spec, clock, routed=routed)


def taxi(spec: Spec, clock: Clock) -> None:
    """Trips, checked."""
    run(spec, clock, Framed, frames.taxi, routed=True)


def wide(spec: Spec, clock: Clock) -> None:
    """Rows of 1,000 columns, checked."""
    run(spec, clock, Framed, frames.wide, routed=True)


def csv(spec: Spec, clock: Clock) -> None:
    """Line items, checked; under gzip as well."""
    run(spec, clock, Framed, frames.csv, routed=True)


def jsonl(spec: Spec, clock: Clock) -> None:
    """Documents, their text normalized."""
    run(spec, clock, Framed, frames.jsonl, routed=False)


def small_files(spec: Spec, clock: Clock) -> None:
    """Readings as they are."""
    run(spec, clock, Framed, frames.as_they_are, routed=False)


def inference(spec: Spec, clock: Clock) -> None:
    """Rows with a score."""
    run(spec, clock, Scored, str(spec.input / "model.onnx"), routed=False)


if __name__ == "__main__":
    main(
        {
            "taxi": taxi,
            "csv": csv,
            "csv_gz": csv,
            "jsonl": jsonl,
            "small_files": small_files,
            "inference": inference,
            "wide": wide,
        },
        packages=("ray", "polars", "pyarrow"),
        start=plain.start,
        stop=ray.shutdown,
    )
