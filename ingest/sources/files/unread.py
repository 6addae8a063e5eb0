"""Which of the listed files earlier runs have read: all of them held against the job's cursor.

A file is the one that was read if URI, size and version (etag, or modification time) are the same.
The time of the inode's last change does not count, unlike within a run (decision 0010): a backup by
hard links or a `chmod` years later would have every file read again.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence

import numpy as np
import polars as pl

from ingest.core.counts import counted
from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError
from ingest.core.partition import Slice
from ingest.core.paths import readable_path
from ingest.sources.files.identity import described
from ingest.sources.files.sampling import SAMPLE_FILES, spread
from ingest.sources.incremental import Earlier, NewFiles, Unread

SHOWN = 5
NEW, SAME, CHANGED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Standing:
    """How listed files stand to the cursor, by their place in the list.

    `fates` has a byte for each. `twins` says which new ones have size and version of a file that
    was read under a name which is not there any more.
    """

    fates: "np.ndarray[tuple[int], np.dtype[np.uint8]]"
    twins: "np.ndarray[tuple[int], np.dtype[np.bool_]]"


def unread(
    listed: Sequence[Slice],
    earlier: Earlier,
    options: NewFiles,
    is_gone: Callable[[str], bool] | None = None,
) -> Unread:
    """Return the files that no published run has read; for `is_gone` see `stand`.

    Raises:
        ConfigError: some were read and have changed since, or seem to be renamed, and `on_changed`
            is `fail`.
    """
    standing = stand(listed, earlier, is_gone)
    changed = [listed[place] for place in np.flatnonzero(standing.fates == CHANGED).tolist()]
    renamed = [listed[place] for place in np.flatnonzero(standing.twins).tolist()]
    if options.on_changed == "fail":
        refuse(changed, renamed)
    reads = {NEW, CHANGED} if options.on_changed == "read" else {NEW}
    fresh = [
        piece for piece, fate in zip(listed, standing.fates.tolist(), strict=True) if fate in reads
    ]
    read = [piece for piece in spread(listed, SAMPLE_FILES) if not fresh]
    return Unread(
        slices=fresh,
        remarks=tuple(_remarks(standing, changed, renamed, options)),
        left_out=len(listed) - len(fresh),
        known=len(changed) if options.on_changed == "read" else 0,
        sample=read,
    )


def stand(
    listed: Sequence[Slice], earlier: Earlier, is_gone: Callable[[str], bool] | None = None
) -> Standing:
    """Compare a listing, sorted by URI, with the cursor, one part of it in memory at a time.

    `is_gone` says of a file that was read and is not listed whether it is there no more; without
    it, nothing is said of twins.
    """
    fates = np.zeros(len(listed), dtype=np.uint8)
    twins = np.zeros(len(listed), dtype=np.bool_)
    there = pl.DataFrame(
        {
            "place": np.arange(len(listed), dtype=np.uint32),
            "uri": pl.Series([piece.uri for piece in listed], dtype=pl.String),
            "size": pl.Series([piece.size for piece in listed], dtype=pl.Int64),
            "version": pl.Series([piece.version for piece in listed], dtype=pl.String),
        }
    )
    for part in earlier.files():
        both = _between(there, listed, part["uri"]).join(part, on="uri", suffix="_read")
        same = (both["size"] == both["size_read"]) & (both["version"] == both["version_read"])
        places = both["place"].to_numpy()
        undecided = fates[places] == NEW  # an earlier version of a file counts no more
        fates[places[undecided]] = np.where(same.to_numpy(), SAME, CHANGED)[undecided]
        if is_gone is None:
            continue
        others = part.filter(~pl.col("uri").is_in(both["uri"].implode()), pl.col("size") > 0)
        others = others.unique(["size", "version"])  # one will do, of thousands that are alike
        alike = there.join(others, on=["size", "version"], suffix="_read")
        for place, uri in alike.select("place", "uri_read").iter_rows():
            twins[place] |= is_gone(uri)
    return Standing(fates, twins & (fates == NEW))


def _between(there: pl.DataFrame, listed: Sequence[Slice], uris: pl.Series) -> pl.DataFrame:
    """Return the part of a sorted listing in which all of these can be."""
    first, last = str(uris.min() or ""), str(uris.max() or "")
    start = bisect_left(listed, first, key=_uri)
    return there.slice(start, bisect_right(listed, last, key=_uri) - start)


def _uri(piece: Slice) -> str:
    return piece.uri


def left_out(listed: Sequence[Slice], earlier: Earlier, options: NewFiles) -> frozenset[str]:
    """Return the URIs of files that a new run would not read; none is refused."""
    fates = stand(listed, earlier).fates.tolist()
    out = {SAME} if options.on_changed == "read" else {SAME, CHANGED}
    return frozenset(piece.uri for piece, fate in zip(listed, fates, strict=True) if fate in out)


def _remarks(
    standing: Standing, changed: Sequence[Slice], renamed: Sequence[Slice], options: NewFiles
) -> list[str]:
    remarks = []
    if same := int((standing.fates == SAME).sum()):
        remarks.append(f"{counted(same, 'file')} not read: read and published by earlier runs")
    if changed:
        they = "it was" if len(changed) == 1 else "they were"
        how = "read again as a whole" if options.on_changed == "read" else "not read again"
        first = _first(changed)
        remarks.append(f"{counted(len(changed), 'file')} {how}: changed since {they} read: {first}")
    if renamed:
        remarks.append(
            f"{counted(len(renamed), 'file')} read that may be renamed: {_first(renamed)}"
        )
    return remarks


def _first(pieces: Sequence[Slice]) -> str:
    more = f" and {len(pieces) - 1:,} more" if len(pieces) > 1 else ""
    return f"{readable_path(pieces[0].uri)}{more}"


def refuse(changed: Sequence[Slice], renamed: Sequence[Slice]) -> None:
    """Refuse files whose rows, or rows like them, are published already.

    Raises:
        ConfigError: there are some; a line for those that changed, and one for renamed ones.
    """
    lines = []
    if changed:
        names = "; ".join(
            f"{readable_path(piece.uri)} is now {described(piece.uri, piece.size, piece.version)}"
            for piece in changed[:SHOWN]
        )
        more = f"; and {len(changed) - SHOWN:,} more" if len(changed) > SHOWN else ""
        lines.append(
            f"incremental: {counted(len(changed), 'file')} changed after an earlier run read and "
            f"published them: {names}{more}. A file that was read must stay as it is. To read "
            "changed files again as a whole, write incremental: {type: files, on_changed: read}; "
            "to leave them out, on_changed: ignore"
        )
    if renamed:
        lines.append(
            f"incremental: {counted(len(renamed), 'file')} may be renamed: {_first(renamed)}. Size "
            "and time (or etag) are those of a file that an earlier run read and that is gone. A "
            "file is known by its name, so its rows would be added again. To leave such files out, "
            "mark them as read: ingest cursor set NAME --matching PATTERN. To read them, write "
            "incremental: {type: files, on_changed: read}"
        )
    if lines:
        raise ConfigError(*lines)
