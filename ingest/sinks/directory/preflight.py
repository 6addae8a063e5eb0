"""What can be seen to be wrong with a place before anything is written into it."""

from collections.abc import Iterator, Sequence

from ingest.core.dataclass import dataclass
from ingest.sinks.directory.content import content, run_of
from ingest.sinks.directory.place import STAGING, Place

_SHOWN = 3
_SHOWN_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class Use:
    """What is going to be done at a place: how it is written, and what is read beside it."""

    disposition: str
    partition_by: Sequence[str]
    suffix: str
    inputs: Sequence[str]


def problems(place: Place, use: Use) -> list[str]:
    """Return everything that speaks against publishing to a place, one text each.

    Raises:
        FatalError: a manifest of the place cannot be read.
    """
    least = "/".join(f"{column}=_" for column in use.partition_by)
    if long := place.too_long(use.suffix, least):  # first: such a path can be asked nothing else
        return [f'"{_shown(place.uri)}": {long}']
    return place.refusals(use.inputs) or [*_foreign(place, use.disposition, use.partition_by)]


def _foreign(place: Place, disposition: str, partition_by: Sequence[str]) -> Iterator[str]:
    if disposition == "append":
        return
    foreign = content(place).foreign
    if disposition == "overwrite_partitions":
        # Only what lies in folders that a run can replace would be taken for part of the new rows.
        foreign = tuple(name for name in foreign if in_partition(name, partition_by))
    if orphans := [name for name in foreign if run_of(name)]:
        yield (
            f'"{place.uri}" contains files written by runs that no manifest in '
            f'"{place.beside_uri}/manifests" lists: {_named(orphans)}. {disposition} replaces only '
            "files that a manifest lists. If that folder was moved or copied here, also move the "
            f'folder that was beside it, "{STAGING}<its old name>", to "{place.beside_uri}". If a '
            "run is still publishing there, finish it first. Otherwise move the files away, or use "
            "another path"
        )
    elif foreign:
        yield (
            f'"{place.uri}" contains files that no run of ingest has published: '
            f"{_named(foreign)}. {disposition} replaces only published files, so readers would see "
            "both. Move them away, or use another path"
        )


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(f'"{name}"' for name in names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _shown(text: str) -> str:
    half = _SHOWN_CHARACTERS // 2
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:half]}…{text[-half:]}"


def in_partition(name: str, partition_by: Sequence[str]) -> bool:
    """Say whether a file lies in a folder that rows with these partition columns go to."""
    folders = name.split("/")[:-1]
    return len(folders) >= len(partition_by) and all(
        folder.startswith(f"{column}=")
        for folder, column in zip(folders, partition_by, strict=False)
    )
