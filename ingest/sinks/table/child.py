"""The process that reads the rows of a merge: `python -m ingest.sinks.table.child`.

It is asked by `question`: a line of JSON that says what is wanted, one for each file of the run, an
empty line. It ends when the other side of its input does.
"""

import json
import os
import select
import sys
import threading
from collections.abc import Iterator
from typing import Any

from ingest.core.errors import IngestError
from ingest.core.types import schema_from_json
from ingest.sinks.table.keys import Keys, Piece
from ingest.sinks.table.matching import Matching
from ingest.sinks.table.rewriter import Rewriter
from ingest.sinks.table.rewriting import rewritten


def main() -> int:
    """Answer questions until there are no more."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints is no answer
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while first := sys.stdin.readline():
        lines = [json.loads(text) for text in iter(sys.stdin.readline, "\n") if text]
        for answer in _answers(json.loads(first), lines):
            print(json.dumps(answer), file=answers, flush=True)
    return 0


def _answers(request: Any, lines: list[Any]) -> Iterator[dict[str, Any]]:
    try:
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        sink = Rewriter.of(request["sink"])
        yield from (_repeats if request["task"] == "repeats" else _merged)(sink, request, lines)
        yield {"end": True}
    except IngestError as error:
        yield {"error": type(error).__name__, "lines": [str(part) for part in error.args]}


def _repeats(sink: Rewriter, request: Any, lines: list[Any]) -> Iterator[dict[str, Any]]:
    keys = Keys.of(sink, schema_from_json(request["columns"]))
    count, some = keys.repeats(_own(lines), sum(line["rows"] for line in lines))
    yield {"keys": count, "some": some}


def _merged(sink: Rewriter, request: Any, lines: list[Any]) -> Iterator[dict[str, Any]]:
    """Yield what happens to each file that has rows of the run's keys, then how many it has."""
    kinds = _kinds(request["schema"])
    files = [
        Piece(path, dict(zip(sink.partition_by, values, strict=True)))
        for path, values in request["files"]
    ]
    keys, own = Keys.of(sink, kinds), _own(lines)
    with Matching(keys) as matching:
        updated = matching.match(own, files, sum(line["rows"] for line in lines))
        done = set(request["rewritten"])
        for piece, drop in matching.matched():
            adds = None
            if piece.path not in done:
                adds = [*rewritten(sink, kinds, piece, drop, request["run_id"])]
            yield {"file": piece.path, "adds": adds}
    yield {"updated": updated}


def _own(lines: list[Any]) -> list[Piece]:
    return [Piece(line["add"], line["values"]) for line in lines]


def _kinds(text: str) -> Any:
    """Return the columns of a table, by what its log calls their types."""
    import polars as pl  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415
    from deltalake import Schema  # noqa: PLC0415

    return pl.DataFrame(pa.schema(Schema.from_json(text).to_arrow()).empty_table()).schema


def _end_with_parent() -> None:
    """Wait until nobody can write to the input any more: whoever asks has ended."""
    input_ends = select.poll()
    input_ends.register(0, 0)  # a closed pipe is always told, and what can be read is not
    input_ends.poll()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
