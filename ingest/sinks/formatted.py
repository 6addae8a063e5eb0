"""Directories of files of any format: beside Parquet, also of those that other packages bring."""

from functools import cache

from ingest.formats.base import Format, WritableFormat
from ingest.sinks.base import Disposition
from ingest.sinks.directory.sink import DirectorySink
from ingest.sinks.parquet import Parquet, parquet_beside


class FormattedSink(DirectorySink):
    """A directory of files of a format, which may hold fewer types than Parquet."""

    def beside(self, name: str, write_disposition: Disposition) -> Parquet:
        """Return a sink of Parquet files, whose types are exact, beside this directory."""
        return parquet_beside(self, name, write_disposition)


@cache
def sink_of(kind: type[Format]) -> type[DirectorySink] | None:
    """Return the sink of a format that has none of its own; None if it can only be read."""
    if not issubclass(kind, WritableFormat):
        return None

    class Made(kind, FormattedSink):  # type: ignore[valid-type, misc]  # a class by its name
        __doc__ = f"A directory of files. {kind.__doc__ or ''}"

        def __reduce__(self) -> tuple[object, ...]:
            return _restored, (kind, self.__getstate__())

    return Made


def _restored(kind: type[Format], state: dict[str, object]) -> DirectorySink:
    """Return a sink that was pickled: its class has no name that could be looked up."""
    made = sink_of(kind)
    assert made is not None, "it was made once"
    sink = made.__new__(made)
    sink.__setstate__(state)
    return sink
