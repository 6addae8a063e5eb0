"""Apache Parquet."""

from collections.abc import Collection
from typing import Literal

from ingest.formats.parquet.writing import ParquetFormat
from ingest.sinks.base import Disposition, Sink
from ingest.sinks.directory.hive import NULL_FOLDER
from ingest.sinks.directory.sink import DirectorySink


class Parquet(ParquetFormat, DirectorySink):
    """A directory of Parquet files, compressed with zstd, with statistics for every column.

    A column is dictionary-encoded if at most half of the values in a sample of 4,096 rows are
    distinct. Other integers and timestamps are stored as differences (DELTA_BINARY_PACKED).
    """

    type: Literal["parquet"]

    def beside(self, name: str, write_disposition: Disposition) -> "Parquet":
        """Return a sink for another directory beside this one."""
        return parquet_beside(self, name, write_disposition)

    def remarks(self, nulls: Collection[str]) -> list[str]:
        """Warn of folders that not every reader opens.

        PyArrow, which reads for pandas, finds no value for the name that means null, and Polars and
        DuckDB read no other name as null.
        """
        return [
            f'sink.partition_by: "{name}" is null in some rows (folder {name}={NULL_FOLDER}). '
            "Polars, DuckDB and Daft read that, but pandas cannot open the folder as it is, and "
            "PyArrow cannot if all rows are null. To fill it with a value, add a step "
            f"{{type: fill_null, columns: {{{name}: VALUE}}}}"
            for name in sorted(nulls)
        ]


def parquet_beside(sink: Sink, name: str, write_disposition: Disposition) -> Parquet:
    """Return a sink of Parquet files in `<directory>_<name>`, where no reader mixes the two."""
    return Parquet.model_validate(
        {
            "type": "parquet",
            "path": f"{sink.uri.rstrip('/')}_{name}",
            "connection": sink.reached_by,
            "write_disposition": write_disposition,
            "replaces_jobs": sink.replaces_jobs,
        }
    )
