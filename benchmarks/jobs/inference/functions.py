"""What the job `inference` calls: the model beside the input, on one thread for each worker."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

BATCH_ROWS = 16_384


def score(rows: pl.DataFrame) -> pl.DataFrame:
    """Append the probability of class 1."""
    features = [name for name in rows.columns if name.startswith("f")]
    session = _session(str(Path(os.environ["BENCH_INPUT"], "model.onnx")))
    (given,) = session.get_inputs()
    scores = [
        session.run(["probabilities"], {given.name: part.select(features).to_numpy(order="c")})[0]
        for part in rows.iter_slices(BATCH_ROWS)
    ]
    found = np.concatenate(scores)[:, 1] if scores else np.empty(0, dtype=np.float32)
    return rows.with_columns(score=pl.Series(found, dtype=pl.Float32))


@lru_cache(maxsize=1)
def _session(path: str) -> Any:
    """Load the model once in each worker."""
    import onnxruntime  # noqa: PLC0415 - not where the job is only planned

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
