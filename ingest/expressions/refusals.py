"""What an expression may not do, because it could not be computed from one row alone."""

from typing import Final

from ingest.core.errors import ConfigError
from ingest.expressions.tokens import Token

AGGREGATES: Final = frozenset(
    "any_value approx_count_distinct array_agg avg bool_and bool_or collect_list collect_set corr "  # noqa: SIM905 - words
    "count count_if countif first group_concat last list listagg max mean median "
    "min mode quantile quantile_cont stddev stddev_pop stddev_samp string_agg sum var_pop "
    "var_samp variance".split()
)
WINDOWS: Final = frozenset(
    "cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank "  # noqa: SIM905 - words
    "row_number".split()
)
CLOCKS: Final = frozenset(
    "clock_timestamp current_date current_time current_timestamp get_current_timestamp "  # noqa: SIM905 - words
    "getdate localtime localtimestamp now statement_timestamp today transaction_timestamp".split()
)
RANDOM: Final = frozenset({"gen_random_uuid", "newid", "rand", "random", "uuid"})
UNNESTING: Final = frozenset({"explode", "flatten", "unnest"})


def reason(name: str) -> str | None:
    """Return why a function of this name is refused; None if it is not."""
    if name in AGGREGATES:
        return (
            f'"{name}" is an aggregate, and an expression sees one row at a time. '
            "A step of type sql can aggregate, but only over one part of the input at a time. For "
            "the largest or smallest of several columns, use greatest(a, b) or least(a, b)"
        )
    if name in WINDOWS:
        return _WINDOW.format(name=name)
    if name in CLOCKS:
        return (
            f'"{name}" would give a different value when a partition is tried again. Use a '
            "step of type add_metadata: _ingest_loaded_at is when the run began"
        )
    if name in RANDOM:
        return (
            f'"{name}" would give a different value when a partition is tried again. Use '
            "hash(column), or a step of type sample"
        )
    if name in UNNESTING:
        return f'"{name}" makes several rows from one. Use a step of type explode'
    return None


_WINDOW = (
    '"{name}" is a window function over other rows, but an expression sees one row at a time. Use '
    "a step of type sql. Its window covers one part of the input at a time, not all rows"
)


def refuse_call(name: str) -> None:
    """Refuse a function that needs more than the row.

    Raises:
        ConfigError: with what to use instead.
    """
    if text := reason(name):
        raise ConfigError(f"{text}.")


def refuse_over(token: Token) -> None:
    """Refuse OVER (...) and FILTER (...) after a call."""
    if token.is_word("over", "filter"):
        raise ConfigError(f"{_WINDOW.format(name=token.value.upper())}.")


def refuse_subquery(token: Token) -> None:
    """Refuse SELECT where a value should be."""
    if token.is_word("select", "with", "exists"):
        raise ConfigError(
            f'"{token.value}": a subquery sees other rows, but an expression sees one row at a '
            "time. Use a step of type lookup or sql."
        )


def refuse_after(token: Token) -> None:
    """Refuse what people put behind an expression that is one already."""
    if token.value == ";" or token.is_word("from", "where", "as", "order", "group", "limit"):
        raise ConfigError(
            f'"{token.value}" is not allowed here: this is one expression, not a query. Use a '
            "step of type sql for a query."
        )
