"""What other SQL dialects, Spark and dbt's macros call what an expression of ours does.

Each proposal is an expression that can be typed as it is, over columns that are named for what is
in them: `text`, `time`, `list`, `condition`, and numbers `a`, `b`, `c`.
"""

from typing import Final

_EITHER = "CASE WHEN condition THEN a ELSE b END"
_STRPTIME = "strptime(text, '%d.%m.%Y')"
_DATES = ("CAST(time AS date)", "CAST(text AS date)", _STRPTIME)

ELSEWHERE: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("nvl", "zeroifnull"), ("coalesce(a, b)",)),
    "isnull": ("a IS NULL", "coalesce(a, b)"),
    **dict.fromkeys(("isnotnull", "notnull"), ("a IS NOT NULL",)),
    "nvl2": ("CASE WHEN a IS NOT NULL THEN b ELSE c END",),
    **dict.fromkeys(("if", "iif", "iff", "when"), (_EITHER,)),
    "decode": ("CASE a WHEN 1 THEN b ELSE c END",),
    **dict.fromkeys(("to_char", "date_format", "format_date"), ("strftime(time, '%Y-%m-%d')",)),
    **dict.fromkeys(("to_date", "try_to_date", "date"), _DATES),
    **dict.fromkeys(
        ("str_to_date", "parse_date", "parse_timestamp", "parse_datetime"), (_STRPTIME,)
    ),
    **dict.fromkeys(("to_datetime", "to_timestamp_ntz"), ("CAST(text AS timestamp)", _STRPTIME)),
    **dict.fromkeys(("dateadd", "date_add", "adddate"), ("time + INTERVAL '1 day'",)),
    **dict.fromkeys(("date_sub", "subdate"), ("time - INTERVAL '1 day'",)),
    "add_months": ("time + INTERVAL '1 month'",),
    **dict.fromkeys(
        ("months_between", "timestampdiff", "timestamp_diff", "datetime_diff"),
        ("date_diff('month', time, time)",),
    ),
    **dict.fromkeys(("timestamp_trunc", "datetime_trunc"), ("date_trunc('month', time)",)),
    **dict.fromkeys(("unix_timestamp", "to_unix_timestamp", "unix_seconds"), ("epoch(time)",)),
    **dict.fromkeys(("from_unixtime", "timestamp_seconds"), ("to_timestamp(a)",)),
    **dict.fromkeys(("dayofmonth", "day_of_month"), ("day(time)",)),
    **dict.fromkeys(("weekofyear", "week_of_year"), ("week(time)",)),
    **dict.fromkeys(("convert", "to_number", "int", "integer", "bigint"), ("CAST(text AS int64)",)),
    **dict.fromkeys(("float", "double"), ("CAST(text AS float64)",)),
    **dict.fromkeys(("decimal", "numeric", "to_decimal"), ("CAST(text AS decimal(18,2))",)),
    **dict.fromkeys(("string", "varchar", "to_varchar"), ("CAST(a AS string)",)),
    "boolean": ("CAST(text AS boolean)",),
    **dict.fromkeys(("safe_cast", "try_convert", "try_to_number"), ("TRY_CAST(text AS int64)",)),
    **dict.fromkeys(("charindex", "locate"), ("strpos(text, 'x')",)),
    **dict.fromkeys(("rlike", "regexp", "regexp_contains"), ("regexp_matches(text, '^x')",)),
    "substring_index": ("split_part(text, ',', 1)",),
    "get_json_object": ("json_extract_string(text, '$.name')",),
    **dict.fromkeys(("size", "array_size"), ("cardinality(list)",)),
    "isin": ("a IN (1, 2)",),
    "between": ("a BETWEEN 1 AND 2",),
    **dict.fromkeys(("safe_divide", "div0"), ("a / nullif(b, 0)",)),
    "sha2": ("sha256(text)",),
    **dict.fromkeys(("xxhash64", "farm_fingerprint", "crc32"), ("hash(a, b)",)),
}
"""What to write for a function that is none of ours and not named like one."""

OTHER_KIND: Final[dict[str, tuple[str, ...]]] = {
    "strptime": ("CAST(time AS date)",),
    "to_timestamp": ("CAST(text AS timestamp)", _STRPTIME),
    "trunc": ("date_trunc('month', time)",),
}
"""What to write where a function of ours is called with what that of another dialect takes."""


def meant(proposals: tuple[str, ...]) -> str:
    """Return the question whether one of these was meant; nothing if there are none."""
    return f"Did you mean {' or '.join(proposals)}? " if proposals else ""
