"""What Spark, pandas, SQL and dbt call a step, and how it is written here."""

from typing import Final

from ingest.core.names import plain

_LOOKUP = (
    "Write {type: lookup, reference: {path: customers.csv}, key: customer_id} to add columns of a "
    "small table"
)
_DROP = 'Write {type: select, columns: ["-name"]} to remove a column'
_UNION = (
    "Name the files of both in one source: source.path: [a/*.csv, b/*.csv]. If their columns "
    "differ, set source.schema"
)
_DERIVE = 'Write {type: derive, columns: {total: "price * amount"}}'
_DEDUPLICATE = (
    "Write {type: deduplicate, within: partition, columns: [id]}, which compares the rows of one "
    "part of the input"
)
_SQL = (
    'Write {type: sql, query: "SELECT country, sum(amount) AS amount FROM input GROUP BY '
    'country"}, which sees the rows of one part of the input, not all rows'
)
_SORT = (
    'Write {type: sql, query: "SELECT * FROM input ORDER BY id"}, which sorts the rows of one part '
    "of the input, not all rows"
)
_CHECK = (
    "This is a check: list it in contract.checks, such as {type: not_null, columns: [id]}. "
    "To remove the rows instead, write {type: drop_nulls, columns: [id]}"
)

_INSTEAD: Final[dict[str, str]] = {
    **dict.fromkeys(
        ("join", "leftjoin", "innerjoin", "outerjoin", "crossjoin", "merge", "broadcastjoin",
         "ref", "enrich"), _LOOKUP
    ),
    **dict.fromkeys(
        ("drop", "dropcolumn", "dropcolumns", "exclude", "except", "remove", "delete"), _DROP
    ),
    **dict.fromkeys(
        ("union", "unionall", "unionbyname", "concat", "append", "unionrelations"), _UNION
    ),
    **dict.fromkeys(
        ("withcolumn", "withcolumns", "mutate", "assign", "addcolumn", "addcolumns", "compute",
         "formula", "selectexpr", "expr", "expression", "calculate", "map"), _DERIVE
    ),
    **dict.fromkeys(
        ("withcolumnrenamed", "withcolumnsrenamed", "renamecolumn", "renamecolumns", "alias",
         "todf"), "Write {type: rename, columns: {old: new}}"
    ),
    **dict.fromkeys(
        ("where", "having", "query", "filterrows"), 'Write {type: filter, where: "amount > 0"}'
    ),
    **dict.fromkeys(
        ("dropduplicates", "distinct", "dedup", "dedupe", "unique", "removeduplicates"),
        _DEDUPLICATE,
    ),
    **dict.fromkeys(
        ("dropna", "dropnull", "nadrop", "filternulls"), "Write {type: drop_nulls, columns: [id]}"
    ),
    **dict.fromkeys(
        ("fillna", "nafill", "coalesce", "nvl", "ifnull"),
        "Write {type: fill_null, columns: {amount: 0}}",
    ),
    **dict.fromkeys(
        ("groupby", "aggregate", "agg", "group", "count", "sum", "window", "rank", "rownumber"),
        _SQL,
    ),
    **dict.fromkeys(("sort", "orderby", "sortby", "order", "limit", "head", "top"), _SORT),
    **dict.fromkeys(
        ("astype", "convert", "type", "types", "schema"), "Write {type: cast, columns: {id: int64}}"
    ),
    **dict.fromkeys(
        ("trim", "lower", "upper", "strip", "clean", "cleantext"),
        "Write {type: normalize_text, columns: [name], case: lower}",
    ),
    **dict.fromkeys(
        ("udf", "apply", "mappartitions", "mapinpandas", "applyinpandas", "script", "function"),
        "Write {type: python, function: MODULE:FUNCTION}, with MODULE.py in jobs/NAME/",
    ),
    **dict.fromkeys(("unnest", "flatmap", "lateralview"), "Write {type: explode, column: items}"),
    **dict.fromkeys(
        ("unnestjson", "fromjson", "struct", "normalizejson", "jsonnormalize"),
        "Write {type: flatten, columns: [address]}",
    ),
    **dict.fromkeys(
        ("regexpextract", "regex", "parse"),
        "Write {type: extract, column: flight, pattern: '(?P<carrier>[A-Z]{2})(?P<number>[0-9]+)'}",
    ),
    **dict.fromkeys(
        ("hash", "anonymize", "pseudonymize", "redact", "encrypt", "pii"),
        "Write {type: mask, columns: [email], method: redact}",
    ),
    **dict.fromkeys(
        ("notnull", "acceptedvalues", "relationships", "inset", "range", "matches", "check",
         "checks", "test", "tests", "expect", "validate", "assert"), _CHECK
    ),
}  # fmt: skip
"""By the name of the step, as `plain` makes it."""


def instead(name: str) -> str:
    """Return what to write for a step that other tools have by this name; empty if none has."""
    return _INSTEAD.get(plain(name), "")
