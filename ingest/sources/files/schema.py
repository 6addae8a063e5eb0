"""Many files, one schema: what becomes of columns that not all files have."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from ingest.core.counts import counted
from ingest.core.dataclass import dataclass
from ingest.core.errors import BadRowError, ConfigError
from ingest.core.model import Model
from ingest.core.paths import readable_path
from ingest.sources.files.sampling import COMPARED_FILES

_SHOWN = 5


def _null_word(value: object) -> object:
    """Take YAML's `null` for the word."""
    return "null" if value is None else value


Missing = Annotated[Literal["fail", "null"], BeforeValidator(_null_word)]
New = Literal["fail", "ignore", "add"]


class FileSchema(Model):
    """What to do with columns that not all files have.

    This is decided when the plan is made, from all files, or from a sample of 2,000 if there are
    more. A difference that appears later is an error that names both files. A CSV file whose header
    has no column in common with the others is always an error: it has no header, or another
    delimiter.
    """

    missing_columns: Missing = "fail"
    """What to do if a file lacks a column or a folder key: fail, or fill it with nulls."""
    new_columns: New = "fail"
    """What to do if a file has a column that the first file lacks: `fail`; `ignore` it, which the
    plan reports; or `add` it, with nulls for the files without it. With `add`, the columns are
    those that any file had when the plan was made."""


class RecordSchema(FileSchema):
    """What to do with fields that not all files have.

    This is decided when the plan is made, from the first records of a sample of files.
    """

    missing_columns: Missing = "null"
    """What to do if a file lacks a field or a folder key: fill it with nulls, or fail when the plan
    is made. A field that is missing only in some records of a file is null."""
    new_columns: New | None = None  # type: ignore[assignment]  # None stands for one of the others
    """What to do with a field that is not in `columns`, or without `columns`, not in the sample:
    `fail` rejects the record, `ignore` leaves the field out, `add` takes the fields of the sample
    in addition to `columns` and rejects records with others. Default: `ignore` with `columns`,
    otherwise `fail`."""

    def for_new(self, *, named: bool) -> New:
        """Return what becomes of new fields where columns are named, or are not."""
        return self.new_columns or ("ignore" if named else "fail")

    def check(
        self,
        records: Mapping[str, Sequence[Mapping[str, object]]],
        names: Sequence[str],
        *,
        new_too: bool,
    ) -> None:
        """Refuse a sample in which a file has none of a column, or a field that no column is for.

        `records` are those of the sampled files, by URI; `new_too` says that new ones are refused.

        Raises:
            ConfigError: one line for each such file, with what it has not or has besides.
        """
        fails = _fails(self)
        lines = []
        for uri, rows in records.items():
            fields = dict.fromkeys(name for row in rows for name in row)
            missing = [name for name in names if name not in fields] if rows and fails else []
            new = [name for name in fields if name not in names] if new_too else []
            if missing or new:
                lines.append(
                    f'path: "{readable_path(uri)}": other fields than planned: '
                    f"{differing(missing, new)}. {_advice(bool(missing), bool(new))}"
                )
        if lines:
            raise ConfigError(*lines[:_SHOWN])


@dataclass(slots=True)
class Combined:
    """The columns of several files, taken together by a rule.

    `first` is the file whose columns the others are compared with. Of each column that is `added`,
    `ignored` or `filled` there are the files that have it, or have it not.
    """

    names: list[str]
    first: str
    added: dict[str, list[str]] = field(default_factory=dict)
    ignored: dict[str, list[str]] = field(default_factory=dict)
    filled: dict[str, list[str]] = field(default_factory=dict)

    def expect(self, names: Iterable[str]) -> None:
        """Add columns that no file has that was asked: one of the others may."""
        for name in names:
            if name not in self.names:
                self.names.append(name)
                self.added[name] = []

    @property
    def facts(self) -> dict[str, Any]:
        """What the plan holds of them; see `Expected`."""
        return {"example": self.first, "optional": list(self.added)}

    def remarks(self) -> list[str]:
        """Say what was done about columns that not all files have, and because of which file."""
        return [
            f'{what} "{name}" ({files_of(uris)})'
            for what, columns in (
                ("added", self.added),
                ("ignored", self.ignored),
                ("null-filled", self.filled),
            )
            for name, uris in columns.items()
            if uris
        ]


def together(
    files: Mapping[str, Sequence[str]], rule: FileSchema, wanted: Sequence[str] | None = None
) -> Combined:
    """Take the columns of files together, by URI; their order does not matter but for the first.

    With `wanted`, it is these columns, and no others are looked at.

    Raises:
        ConfigError: files have other columns than the first, and the rule does not allow it; one
            line for each kind of difference, naming two files.
    """
    first, names = next(iter(files.items()))
    if wanted is not None:
        first = next((uri for uri in files if set(wanted) <= set(files[uri])), first)
        files = {uri: [n for n in columns if n in wanted] for uri, columns in files.items()}
        names = wanted
    found = Combined(list(names), first)
    groups: dict[frozenset[str], list[str]] = {}
    for uri, columns in files.items():
        groups.setdefault(frozenset(columns), []).append(uri)
    _check(first, names, groups, rule, files)
    for has, uris in groups.items():
        for name in has - set(names):
            kept = found.added if rule.new_columns == "add" else found.ignored
            kept.setdefault(name, []).extend(uris)
    order = {name: place for each in files.values() for place, name in enumerate(each)}
    found.added = dict(sorted(found.added.items(), key=lambda item: (item[1][0], order[item[0]])))
    found.names += found.added
    for has, uris in groups.items():
        for name in found.names:
            if name not in has:
                found.filled.setdefault(name, []).extend(uris)
    return found


@dataclass(frozen=True, slots=True)
class Expected:
    """What columns a file may have that is read.

    `names` are the plan's columns as far as they come from files; `optional` are those that were
    added, and that not all files have. `example` is a file whose columns were planned.
    """

    names: Collection[str]
    rule: FileSchema
    example: str = ""
    optional: Collection[str] = ()

    def check(self, uri: str, found: Collection[str]) -> None:
        """Compare the columns of a file with the plan's.

        Raises:
            BadRowError: they differ, and the rule does not allow it; the text names both files.
        """
        missing = [name for name in self.names if name not in found and self._needs(name)]
        new = [name for name in found if name not in self.names]
        if self.rule.new_columns == "ignore":
            new = []
        if missing or new:
            others = f" by {readable_path(self.example)}" if self.example else ""
            raise BadRowError(
                f"{readable_path(uri)}: other columns than planned{others}: "
                f"{differing(missing, new)}. {_advice(bool(missing), bool(new))}"
            )

    def _needs(self, name: str) -> bool:
        return _fails(self.rule) and name not in self.optional


def schema_remarks(remarks: Sequence[str], files: int) -> tuple[str, ...]:
    """Return in one sentence what was done about columns, and whether all files were asked."""
    said = [f"columns: {'; '.join(remarks)}"] if remarks else []
    if files > COMPARED_FILES:
        said.append(
            f"columns compared in {COMPARED_FILES:,} of {files:,} files: a difference in "
            "another file is an error during the run"
        )
    return tuple(said)


def differing(missing: Sequence[str], new: Sequence[str]) -> str:
    """Say which columns a file has not, and which it has besides."""
    parts = {"missing": missing, "new": new}
    return "; ".join(f"{what}: {quoted(names)}" for what, names in parts.items() if names)


def quoted(names: Sequence[str]) -> str:
    """Return names for people."""
    return ", ".join(f'"{name}"' for name in names)


def files_of(uris: Sequence[str]) -> str:
    """Return one file by name, and how many more there are."""
    one = readable_path(uris[0])
    return one if len(uris) == 1 else f"{one} and {len(uris) - 1:,} more"


def _fails(rule: FileSchema) -> bool:
    return rule.missing_columns == "fail"


def _check(
    first: str,
    names: Sequence[str],
    groups: Mapping[frozenset[str], Sequence[str]],
    rule: FileSchema,
    files: Mapping[str, Sequence[str]],
) -> None:
    lines, known = [], set(names)
    for columns, uris in groups.items():
        missing = [name for name in names if name not in columns] if _fails(rule) else []
        new = [name for name in files[uris[0]] if name not in known]
        if rule.new_columns != "fail":
            new = []
        if missing or new:
            lines.append(
                f'path: "{readable_path(uris[0])}"{_more(uris)}: other columns than '
                f'"{readable_path(first)}": {differing(missing, new)}. '
                f"{_advice(bool(missing), bool(new))}"
            )
    if len(lines) > _SHOWN:
        lines[_SHOWN:] = [f"path: {len(lines) - _SHOWN} more groups of files have other columns"]
    if lines:
        raise ConfigError(*lines)


def _more(uris: Sequence[str]) -> str:
    return "" if len(uris) == 1 else f" and {counted(len(uris) - 1, 'more file')}"


def _advice(missing: bool, new: bool) -> str:
    options = ["missing_columns: null"] * missing
    words = [f"{{{', '.join([*options, f'new_columns: {word}'])}}}" for word in ("add", "ignore")]
    said = (
        f"{words[0]} takes the new ones, with nulls in the other files; {words[1]} leaves them out"
    )
    if not new:
        said = "{missing_columns: null} fills them with nulls"
    return f"All files must have the same columns, unless source.schema says otherwise: {said}"
