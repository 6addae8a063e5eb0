"""Refusing inputs whose files are not of one schema."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from ingest.core.errors import ConfigError

_SHOWN_COLUMNS = 8


def refuse_mixture(path: str, columns: Mapping[str, Iterable[str]]) -> None:
    """Compare the columns of sampled files, by URI; their order does not count.

    Raises:
        ConfigError: the files are not all of one schema; the text lists the schemas.
    """
    groups: dict[frozenset[str], list[str]] = defaultdict(list)
    for uri, names in columns.items():
        groups[frozenset(names)].append(uri)
    if len(groups) < 2:
        return
    shown = {uri: list(columns[uri]) for uris in groups.values() for uri in uris[:1]}
    first = (
        f'"{path}": mixed schemas: {len(groups)} in a sample of {len(columns)} files. '
        "A job reads files of one schema. Name those of one: ingest init 'folder/name*.csv'"
    )
    lines = [first]
    for uri, names in shown.items():
        more = f" and {len(names) - _SHOWN_COLUMNS} more" if len(names) > _SHOWN_COLUMNS else ""
        others = len(groups[frozenset(names)]) - 1
        also = f" (and {others} more)" if others else ""
        lines.append(f"  {uri}{also}: {', '.join(names[:_SHOWN_COLUMNS])}{more}")
    raise ConfigError(*lines)
