"""What decoding by PyArrow imports: not pandas, which is 0.3 s of each worker."""

import subprocess
import sys
from datetime import datetime, time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

COLUMNS: dict[str, Any] = {
    "int96": pa.array([datetime(2020, 1, 1), None], pa.timestamp("ns")),
    "time": pa.array([time(1), None]),
    "struct": pa.array([{"a": time(1)}, None]),
    "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
    "fixed": pa.array([[1, 2], None], pa.list_(pa.int32(), 2)),
}
SCRIPT = """
import sys
from pathlib import Path
from ingest.core.partition import Partition
from ingest.sources.parquet import Parquet

source = Parquet(type="parquet", path=sys.argv[1])
slices = source.inputs().slices
rows = source.read(Partition(0, "p", tuple(slices)), source.layout(slices, {})).frame.collect()
print(rows["value"].null_count(), "pandas" in sys.modules)
"""


@pytest.mark.parametrize("kind", COLUMNS)
def test_columns_that_pyarrow_decodes_need_no_pandas(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "in.parquet"
    table = pa.table({"id": pa.array([1, 2]), "value": COLUMNS[kind]})
    pq.write_table(table, file, use_deprecated_int96_timestamps=kind == "int96")

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(file)], capture_output=True, text=True, check=False
    )

    assert done.stdout == "1 False\n", done.stderr
