"""Whether two outputs are the same: counts, and checksums that do not depend on the order of rows.

DuckDB reads both with its columns in canonical types (whole numbers, floats rounded, texts, days,
microseconds), hashes each column and each whole row, and adds the hashes up. So a row too much, a
value that differs, and values that stand in another row are all found, and the columns named.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq


class Unreadable(ValueError):  # noqa: N818 - it is said of an output
    """An output that DuckDB cannot read as one table."""


@dataclass(frozen=True)
class Digest:
    """An output in a few numbers: what must be equal between contenders."""

    good: int
    bad: int
    columns: dict[str, str] = field(default_factory=dict)
    rows: str = ""
    reasons: dict[str, int] = field(default_factory=dict)
    keys: str = ""


def digest(output: Path, keys: Sequence[str] = (), digits: int = 6) -> Digest:
    """Read an output: `good/**/*.parquet` and `bad/`, or our own quarantine beside `good`.

    Raises:
        Unreadable: its files are of different schemas, say.
    """
    good = sorted((output / "good").rglob("*.parquet"))
    theirs = sorted((output / "bad").rglob("*.parquet"))
    ours = sorted((output / "good_quarantine").rglob("*.parquet"))
    count, columns, rows = _good(good, digits)
    keyed = [f"row ->> '$.{key}'" for key in keys] if ours else [f'"{key}"' for key in keys]
    reason = 'coalesce("column", reason)' if ours else '"_reason"'
    bad, reasons, checksum = _bad(ours or theirs, keyed, reason)
    return Digest(count, bad, columns, rows, reasons, checksum)


def rows(output: Path) -> tuple[int, int]:
    """Count good and bad rows, from the footers alone."""
    folders = (("good",), ("bad", "good_quarantine"))
    good, bad = (
        sum(
            pq.read_metadata(file).num_rows
            for name in names
            for file in (output / name).rglob("*.parquet")
        )
        for names in folders
    )
    return good, bad


def difference(one: Digest, other: Digest) -> str | None:
    """Say in a few words in what two outputs differ, None if they are the same."""
    return next(_differences(one, other), None)


def _differences(one: Digest, other: Digest) -> Iterator[str]:
    """Yield all, the plainest first."""
    if one.good != other.good:
        yield f"{other.good:,} good rows, not {one.good:,}"
    if missing := sorted(set(one.columns) ^ set(other.columns)):
        yield f"columns on one side only: {', '.join(missing[:5])}"
    if wrong := [name for name, value in one.columns.items() if other.columns.get(name) != value]:
        yield f"values differ in {', '.join(wrong[:5])}"
    if one.rows != other.rows:
        yield "the same values in other rows"
    if one.bad != other.bad:
        yield f"{other.bad:,} bad rows, not {one.bad:,}"
    if one.keys and one.reasons != other.reasons:
        yield f"reasons {other.reasons}, not {one.reasons}"
    if one.keys != other.keys:
        yield "other bad rows"


def _good(files: Sequence[Path], digits: int) -> tuple[int, dict[str, str], str]:
    if not files:
        return 0, {}, ""
    # in whatever order they are written; who routes rejects by a column leaves `_reason`, all null
    leaves = sorted(
        leaf for leaf in _leaves(pq.read_schema(files[0]), digits) if leaf[0] != "_reason"
    )
    values = ", ".join(f"{value} AS c{place}" for place, (_, _, value) in enumerate(leaves))
    sums = ", ".join(f"sum(hash(c{place})::HUGEINT)" for place in range(len(leaves)))
    whole = ", ".join(f"c{place}" for place in range(len(leaves)))
    count, row, *columns = _query(
        f"SELECT count(*), sum(hash({whole})::HUGEINT), {sums} "
        f"FROM (SELECT {values} FROM read_parquet($files, hive_partitioning = false))",
        files,
    )[0]
    named = zip(leaves, columns, strict=True)
    return count, {name: f"{kind} {total:x}" for (name, kind, _), total in named if count}, str(row)


def _bad(
    files: Sequence[Path], keys: Sequence[str], reason: str
) -> tuple[int, dict[str, int], str]:
    if not files:
        return 0, {}, ""
    if not keys:
        return sum(pq.read_metadata(file).num_rows for file in files), {}, ""
    key = ", ".join(f"CAST({each} AS VARCHAR)" for each in keys)
    found = _query(
        f"SELECT {reason} AS why, count(*), sum(hash({key}, {reason})::HUGEINT) "
        "FROM read_parquet($files, hive_partitioning = false, union_by_name = true) GROUP BY why "
        "ORDER BY why",
        files,
    )
    reasons = {why: count for why, count, _ in found}
    return sum(reasons.values()), reasons, f"{sum(total for _, _, total in found):x}"


def _query(sql: str, files: Sequence[Path]) -> list[Any]:
    try:
        with duckdb.connect() as connection:
            return connection.execute(sql, {"files": [str(file) for file in files]}).fetchall()
    except duckdb.Error as error:
        raise Unreadable(str(error).partition("\n")[0]) from None


def _leaves(schema: pa.Schema, digits: int) -> Iterator[tuple[str, str, str]]:
    """Yield name, kind and canonical value of each column, structs by their fields.

    A column whose name begins with an underscore is a contender's own: the `_reason` by which good
    and bad rows were told apart, null in all good ones.
    """
    todo: list[tuple[tuple[str, ...], Any]] = [
        ((field.name,), field.type) for field in schema if not field.name.startswith("_")
    ]
    while todo:
        path, kind = todo.pop()
        if pa.types.is_struct(kind):
            todo += [((*path, inner.name), inner.type) for inner in kind]
            continue
        column = ".".join('"' + part.replace('"', '""') + '"' for part in path)
        yield ".".join(path), *_canonical(kind, column, digits)


def _canonical(kind: pa.DataType, column: str, digits: int) -> tuple[str, str]:
    types = pa.types
    if types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_integer(kind):
        return "integer", f"CAST({column} AS HUGEINT)"
    if types.is_floating(kind) or types.is_decimal(kind):
        return "float", f"round(CAST({column} AS DOUBLE), {digits}) + 0.0"  # no minus zero
    if types.is_timestamp(kind):
        return "timestamp", f"epoch_us({column})"
    if types.is_date(kind):
        return "date", f"CAST({column} AS DATE)"
    if types.is_nested(kind):
        return "nested", f"CAST(to_json({column}) AS VARCHAR)"
    return ("boolean" if types.is_boolean(kind) else "string"), f"CAST({column} AS VARCHAR)"
