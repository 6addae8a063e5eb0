"""The ONNX model of scenario `inference`, on one thread, over Arrow tables."""

from functools import lru_cache
from typing import Any

import numpy as np
import onnxruntime
import pyarrow as pa

BATCH_ROWS = 16_384
FEATURES = 20


def scored(table: pa.Table, model: str) -> pa.Table:
    """Append `score`: the probability of class 1, computed in batches."""
    parts = [table.slice(start, BATCH_ROWS) for start in range(0, len(table), BATCH_ROWS)]
    scores = [probabilities(part, model) for part in parts]
    return table.append_column("score", pa.chunked_array(scores, pa.float32()))


def probabilities(batch: pa.Table, model: str) -> pa.Array:
    """Return the probability of class 1 for each row of a batch."""
    given = np.empty((len(batch), FEATURES), dtype=np.float32)
    for place in range(FEATURES):
        given[:, place] = batch[f"f{place}"].to_numpy()
    loaded = session(model)
    (found,) = loaded.run(["probabilities"], {loaded.get_inputs()[0].name: given})
    return pa.array(found[:, 1])


@lru_cache(maxsize=1)
def session(model: str) -> Any:
    """Load the model, once in a process."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
