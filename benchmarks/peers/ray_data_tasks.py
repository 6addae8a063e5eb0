"""Plain Ray Data on tasks: read, map and write fuse into one task for each block."""

import ray

from benchmarks.peers import _frames as frames
from benchmarks.peers import _ray_data as plain
from benchmarks.peers.harness import Clock, Spec, main


def taxi(spec: Spec, clock: Clock) -> None:
    """Trips, checked."""
    rows = plain.read(spec).map_batches(plain.worked(frames.taxi), **plain.MAP)
    plain.write(rows, spec, clock, routed=True)


def wide(spec: Spec, clock: Clock) -> None:
    """Rows of 1,000 columns, checked."""
    rows = plain.read(spec).map_batches(plain.worked(frames.wide), **plain.MAP)
    plain.write(rows, spec, clock, routed=True)


def csv(spec: Spec, clock: Clock) -> None:
    """Line items, checked; under gzip as well."""
    rows = plain.read(spec).map_batches(plain.worked(frames.csv), **plain.MAP)
    plain.write(rows, spec, clock, routed=True)


def jsonl(spec: Spec, clock: Clock) -> None:
    """Documents, their text normalized."""
    rows = plain.read(spec).map_batches(plain.worked(frames.jsonl), **plain.MAP)
    plain.write(rows, spec, clock, routed=False)


def small_files(spec: Spec, clock: Clock) -> None:
    """Readings as they are."""
    plain.write(plain.read(spec), spec, clock, routed=False)


def inference(spec: Spec, clock: Clock) -> None:
    """Rows with a score; the model is loaded once in each worker process."""
    from benchmarks.peers import _model as model  # noqa: PLC0415 - only here is one needed

    file = str(spec.input / "model.onnx")
    rows = plain.read(spec).map_batches(model.scored, fn_kwargs={"model": file}, **plain.MAP)
    plain.write(rows, spec, clock, routed=False)


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
