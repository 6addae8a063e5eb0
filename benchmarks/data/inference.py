"""Rows of 20 float32 features, and a small network with random weights as an ONNX model."""

from pathlib import Path

import numpy as np
import onnx
import polars as pl
from onnx import TensorProto, helper, numpy_helper

FEATURES = 20
HIDDEN = 64
OPSET = 17
IR = 10
"""Versions that every onnxruntime of the last years reads."""


def generate(folder: Path, *, files: int, rows_per_file: int) -> None:
    """Write Parquet files, and model.onnx beside them: features to two probabilities."""
    dice = np.random.default_rng(5000)
    onnx.save(_model(dice), str(folder / "model.onnx"))
    for number in range(files):
        given = dice.normal(size=(rows_per_file, FEATURES)).astype(np.float32)
        first = number * rows_per_file
        pl.DataFrame(
            {
                "row_id": np.arange(first, first + rows_per_file),
                **{f"f{place}": given[:, place] for place in range(FEATURES)},
            }
        ).write_parquet(folder / f"rows-{number:03}.parquet", compression="snappy")


def _model(dice: np.random.Generator) -> onnx.ModelProto:
    shapes = {"w1": (FEATURES, HIDDEN), "b1": (HIDDEN,), "w2": (HIDDEN, 2), "b2": (2,)}
    weights = [
        numpy_helper.from_array(dice.normal(0, 0.4, shape).astype(np.float32), name)
        for name, shape in shapes.items()
    ]
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["features", "w1", "b1"], ["sums"]),
            helper.make_node("Relu", ["sums"], ["hidden"]),
            helper.make_node("Gemm", ["hidden", "w2", "b2"], ["scores"]),
            helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
        ],
        "network",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, FEATURES])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 2])],
        weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
