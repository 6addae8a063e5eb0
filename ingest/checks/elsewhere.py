"""What dbt, Great Expectations and Spark call a rule, and how it is written here."""

from typing import Final

from ingest.core.names import plain

_UNIQUE = (
    "Write {type: unique_in_partition, columns: [id]}, which compares the rows of one part of the "
    "input: no check compares all rows"
)
_SET = "Write {type: in_set, column: country, values: [DE, FR]}"
_NOT_NULL = "Write {type: not_null, columns: [id]}"
_RANGE = "Write {type: range, column: amount, min: 0, max: 100}"
_MATCHES = "Write {type: matches, column: code, pattern: '[A-Z]{2}'}"
_EXPRESSION = "Write {type: expression, expression: amount >= 0}"
_LENGTH = "Write {type: length, column: code, min: 1, max: 10}"
_RELATIONSHIPS = (
    "Add a step that looks the row up, {type: lookup, reference: {path: countries.csv}, "
    "key: country, columns: {name: country_name}}, and reject rows without a match: "
    "{type: not_null, columns: [country_name]}"
)
_COUNTS = (
    "A check looks at single rows. To see the row counts of a run: ingest status RUN. To refuse a "
    "run with many bad rows: contract.max_error_ratio"
)

_INSTEAD: Final[dict[str, str]] = {
    **dict.fromkeys(
        ("unique", "isunique", "uniqueness", "uniquecombinationofcolumns", "primarykey",
         "distinct", "expectcolumnvaluestobeunique", "duplicates", "noduplicates"), _UNIQUE
    ),
    **dict.fromkeys(
        ("acceptedvalues", "isin", "in", "oneof", "enum", "allowedvalues", "values",
         "expectcolumnvaluestobeinset"), _SET
    ),
    **dict.fromkeys(
        ("notnull", "nonnull", "nonnullable", "required", "isnotnull", "notempty", "mandatory",
         "notnullproportion", "expectcolumnvaluestonotbenull"), _NOT_NULL
    ),
    **dict.fromkeys(
        ("acceptedrange", "between", "min", "max", "minmax", "bounds", "greaterthan", "lessthan",
         "expectcolumnvaluestobebetween", "positive", "nonnegative"), _RANGE
    ),
    **dict.fromkeys(
        ("regex", "regexp", "pattern", "rlike", "like", "format", "matchregex",
         "expectcolumnvaluestomatchregex"), _MATCHES
    ),
    **dict.fromkeys(
        ("expressionistrue", "sql", "condition", "assert", "custom", "singular", "satisfies",
         "where", "rule", "constraint"), _EXPRESSION
    ),
    **dict.fromkeys(
        ("minlength", "maxlength", "stringlength", "notblank", "notemptystring", "notconstant",
         "expectcolumnvaluelengthstobebetween"), _LENGTH
    ),
    **dict.fromkeys(
        ("relationships", "relationshipswhere", "foreignkey", "references", "exists"),
        _RELATIONSHIPS,
    ),
    **dict.fromkeys(
        ("rowcount", "equalrowcount", "fewerrowsthan", "expecttablerowcounttobebetween",
         "recency", "freshness", "volume"), _COUNTS
    ),
}  # fmt: skip
"""By the name of the rule, as `plain` makes it."""


def instead(name: str) -> str:
    """Return what to write for a rule that other tools have by this name; empty if they have not.

    The names in front of it (`dbt_utils.`) do not count.
    """
    return _INSTEAD.get(plain(name), "")
