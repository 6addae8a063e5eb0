"""What files a path stands for, of which kind they are, and what a job should name."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from ingest.core.errors import BadRowError, ConfigError, FatalError
from ingest.core.partition import Slice
from ingest.sources import SOURCES
from ingest.sources.file_source import FileSource
from ingest.sources.files.foreign import HEAD_BYTES, foreign, refusal
from ingest.sources.files.identity import while_planning
from ingest.sources.files.listing import GLOB, list_inputs
from ingest.sources.files.opening import open_input, read_plain_head
from ingest.sources.text.encodings import packed_endings
from ingest.storage.remote import is_remote

_WEAK = ("", *packed_endings(".txt"))
"""Endings that data files share with notes: they count only where there is no better one."""

_KINDS: dict[str, str] = {
    ending: get_args(source.model_fields["type"].annotation)[0]
    for source in SOURCES
    if issubclass(source, FileSource) and source.guessable
    for ending in source.endings
}


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a job to be. `path` is what the job names, `type` the source that reads them.

    `passed_over` are files of the folder that it does not name; `remarks` say what else a folder
    or glob holds, and what it names twice.
    """

    path: str
    type: str
    files: tuple[Slice, ...]
    passed_over: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        """All files together, as they lie there."""
        return sum(piece.size for piece in self.files)

    def some(self, number: int) -> list[Slice]:
        """Return a few files from all over the list that hold anything, the first among them."""
        held = [piece for piece in self.files if piece.size]
        if len(held) <= number:
            return held
        return [held[place * (len(held) - 1) // (number - 1)] for place in range(number)]


def find_files(path: str) -> Listing:
    """List the files of a path: one, a folder of them, or a glob.

    Raises:
        ConfigError: nothing is there, all is empty, or a folder holds files of several kinds.
    """
    inputs = list_inputs(path, tuple(_KINDS))
    files = inputs.slices
    if not any(piece.size for piece in files):
        raise ConfigError(f'"{path}": all files are empty. Name a file with rows')
    endings = {piece.uri: ending_of(piece.uri) for piece in files}
    strong = [piece for piece in files if endings[piece.uri] not in _WEAK]
    kept = strong if _is_folder(path) and strong else files
    kinds = Counter(_KINDS[ending] for piece in kept if (ending := endings[piece.uri]))
    if len(kinds) > 1:
        counts = ", ".join(f"{count} of {kind}" for kind, count in kinds.most_common())
        found = sorted({ending for piece in kept if (ending := endings[piece.uri])})
        raise ConfigError(
            f'"{path}": files of several kinds: {counts}. A job reads one kind. Name files of '
            f"one kind: ingest init '{path.rstrip('/')}/**/*{found[0]}'"
        )
    weak = all(endings[piece.uri] in _WEAK for piece in kept)
    first = next(piece for piece in kept if piece.size)
    kind = _kind_by_content(first) if weak or not kinds else next(iter(kinds))
    if len(kept) == len(files):
        return Listing(path, kind, tuple(files), remarks=inputs.remarks)
    return replace(_without_notes(path, kind, kept, files), remarks=inputs.remarks)


def _without_notes(path: str, kind: str, kept: Sequence[Slice], files: Sequence[Slice]) -> Listing:
    """Leave out text files beside data files, by naming the one ending that the others share."""
    found = sorted({ending_of(piece.uri) for piece in kept})
    if len(found) > 1:
        raise ConfigError(
            f'"{path}": files that end in {", ".join(found)}, and other text files beside '
            f"them. Name the files to read: ingest init '{path.rstrip('/')}/**/*{found[0]}'"
        )
    uris = {piece.uri for piece in kept}
    passed_over = tuple(piece.uri for piece in files if piece.uri not in uris)
    return Listing(f"{path.rstrip('/')}/**/*{found[0]}", kind, tuple(kept), passed_over)


def ending_of(uri: str) -> str:
    """Return the longest known ending of a file, in lower case; empty if it has none."""
    name = uri.lower()
    return max((ending for ending in _KINDS if name.endswith(ending)), key=len, default="")


def kind_by_name(uri: str) -> str | None:
    """Return the kind of file that an ending promises, if it does."""
    return _KINDS.get(ending_of(uri))


def usual_ending(kind: str) -> str:
    """Return the ending that files of a kind usually have."""
    return next(ending for ending, other in _KINDS.items() if other == kind)


def _is_folder(path: str) -> bool:
    return not GLOB.search(path) if is_remote(path) else Path(path).is_dir()


def _kind_by_content(piece: Slice) -> str:
    """Return the kind of a file whose name does not tell it."""
    try:
        with open_input(piece) as file:
            head = read_plain_head(file, piece, HEAD_BYTES)
    except (BadRowError, FatalError) as error:
        raise while_planning(error) from None
    if head.startswith(b"PAR1"):
        return "parquet"
    if (other := foreign(head, piece.uri)) is not None:
        raise ConfigError(refusal(piece.uri, other))
    return "jsonl" if head.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"{") else "csv"
