"""Functions of text. Positions count characters from 1; patterns are regular expressions."""

import re

import polars as pl

from ingest.core.types import type_name
from ingest.core.values.casting import converted
from ingest.expressions import patterns
from ingest.expressions.catalogue import function
from ingest.expressions.values import Unfit, Value, family

MOST_BYTES = 64 * 1024**2
"""The longest text that an expression may make of a shorter one: what multiplies is hostile."""
_MOST_PAD = 10_000
_GROUP = re.compile(r"\$\{\d\}")


@function("lower(text)", "lower('ÀB')", "'àb'", "lcase")
def lower(text: Value) -> pl.Expr:
    """The text in lower case."""
    return text.expr.str.to_lowercase()


@function("upper(text)", "upper('àb')", "'ÀB'", "ucase")
def upper(text: Value) -> pl.Expr:
    """The text in upper case."""
    return text.expr.str.to_uppercase()


@function("initcap(text)", "initcap('NEW york')", "'New York'")
def initcap(text: Value) -> pl.Expr:
    """The text with the first letter of each word in upper case."""
    return text.expr.str.to_titlecase()


@function("trim(text[, 'text'])", "trim('  a b ')", "'a b'")
def trim(text: Value, characters: Value | None = None) -> pl.Expr:
    """The text without white space, or the given characters, at both ends."""
    return text.expr.str.strip_chars(_constant(characters))


@function("ltrim(text[, 'text'])", "ltrim('xxa', 'x')", "'a'")
def ltrim(text: Value, characters: Value | None = None) -> pl.Expr:
    """`trim` at the beginning only."""
    return text.expr.str.strip_chars_start(_constant(characters))


@function("rtrim(text[, 'text'])", "rtrim('axx', 'x')", "'a'")
def rtrim(text: Value, characters: Value | None = None) -> pl.Expr:
    """`trim` at the end only."""
    return text.expr.str.strip_chars_end(_constant(characters))


@function("length(text|list)", "length('né')", "2", "len", "char_length", "character_length")
def length(value: Value) -> pl.Expr:
    """How many characters a text has, or how many elements a list."""
    if family(value.dtype) == "list":
        return value.expr.list.len().cast(pl.Int64)
    return value.expr.str.len_chars().cast(pl.Int64)


@function("left(text, integer)", "left('abcd', -1)", "'abc'")
def left(text: Value, count: Value) -> pl.Expr:
    """The first n characters; if n is negative, all but the last -n."""
    return text.expr.str.head(count.expr)


@function("right(text, integer)", "right('abcd', 2)", "'cd'")
def right(text: Value, count: Value) -> pl.Expr:
    """The last n characters; if n is negative, all but the first -n."""
    return text.expr.str.tail(count.expr)


@function("substr(text, integer[, integer])", "substr('abcdef', 2, 3)", "'bcd'", "substring")
def substr(text: Value, start: Value, count: Value | None = None) -> pl.Expr:
    """At most n characters from a position on. Also `SUBSTRING(s FROM 2 FOR 3)`."""
    first = start.expr.cast(pl.Int64)
    begin = pl.max_horizontal(first - 1, 0)
    if count is None:
        return text.expr.str.slice(begin)
    end = first - 1 + count.expr.cast(pl.Int64)
    taken = text.expr.str.slice(begin, pl.max_horizontal(end - begin, 0))
    return pl.when(first.is_not_null() & end.is_not_null()).then(taken)


@function("replace(text, 'text', text)", "replace('a-b-c', '-', '.')", "'a.b.c'")
def replace(text: Value, old: Value, new: Value) -> pl.Expr | Value:
    """Every occurrence of the second text replaced by the third.

    A row whose result would be longer than 64 MiB is rejected.
    """
    size = len(str(old.constant).encode())
    if not size:
        return text.expr
    if isinstance(new.constant, str) and len(new.constant.encode()) <= size:
        return text.expr.str.replace_all(old.expr, new.expr, literal=True)
    more = new.expr.str.len_bytes().cast(pl.Int64)
    most = _bytes(text.expr) // size * more
    doubtful = pl.when(most > MOST_BYTES).then(text.expr)
    count = doubtful.str.count_matches(str(old.constant), literal=True)
    grown = _bytes(doubtful) + count.cast(pl.Int64) * (more - size)
    whole, fails = _bounded(text, grown)
    if isinstance(new.constant, str):
        return Value(whole.str.replace_all(old.expr, new.expr, literal=True), pl.String(), fails)
    # Polars refuses a null among single values
    found = whole.str.replace_all(old.expr, new.expr.fill_null(""), literal=True)
    return Value(pl.when(new.expr.is_not_null()).then(found), pl.String(), fails)


@function("concat(any, ...)", "concat('a', NULL, 1)", "'a1'")
def concat(*values: Value) -> pl.Expr:
    """All values as text, one after the other; nulls are skipped (`||` returns null instead)."""
    return pl.concat_str([_written(value) for value in values], ignore_nulls=True)


@function("concat_ws('text', any, ...)", "concat_ws('-', 'a', NULL, 'b')", "'a-b'")
def concat_ws(separator: Value, *values: Value) -> pl.Expr:
    """All values as text with a separator between them; nulls are skipped."""
    parts = [_written(value) for value in values]
    return pl.concat_str(parts, separator=str(separator.constant), ignore_nulls=True)


def _written(value: Value) -> pl.Expr:
    if value.dtype.is_nested() or isinstance(value.dtype, pl.Binary):
        raise Unfit(
            f"{type_name(value.dtype)} is not text. Write to_json(x), list_join(x, ','), or "
            "CAST(x AS string) for binary"
        )
    return converted(value.expr, value.dtype, pl.String())


@function("lpad(text, 'integer'[, 'text'])", "lpad('7', 3, '0')", "'007'")
def lpad(text: Value, size: Value, fill: Value | None = None) -> pl.Expr:
    """The text padded on the left to n characters, or cut to n."""
    return text.expr.str.pad_start(_size(size), _fill(fill)).str.head(_size(size))


@function("rpad(text, 'integer'[, 'text'])", "rpad('7', 3, '.')", "'7..'")
def rpad(text: Value, size: Value, fill: Value | None = None) -> pl.Expr:
    """The text padded on the right to n characters, or cut to n."""
    return text.expr.str.pad_end(_size(size), _fill(fill)).str.head(_size(size))


@function("reverse(text)", "reverse('abc')", "'cba'")
def reverse(text: Value) -> pl.Expr:
    """The characters in reverse order."""
    return text.expr.str.reverse()


@function("starts_with(text, text)", "starts_with('N123', 'N')", "TRUE", "prefix")
def starts_with(text: Value, other: Value) -> pl.Expr:
    """Whether the text begins with the other one."""
    return text.expr.str.starts_with(other.expr)


@function("ends_with(text, text)", "ends_with('a.csv', '.csv')", "TRUE", "suffix")
def ends_with(text: Value, other: Value) -> pl.Expr:
    """Whether the text ends with the other one."""
    return text.expr.str.ends_with(other.expr)


@function("contains(text|list, any)", "contains('50%', '0%')", "TRUE")
def contains(whole: Value, part: Value) -> pl.Expr:
    """Whether the text contains the other text, or the list the element."""
    if family(whole.dtype) == "list":
        return whole.expr.list.contains(part.expr)
    if family(part.dtype) not in {"text", "null"}:
        raise Unfit("contains: argument 2 must be text")
    return whole.expr.str.contains(part.expr.cast(pl.String), literal=True)


@function("strpos(text, 'text')", "strpos('né à', 'à')", "4", "instr", "position")
def strpos(text: Value, part: Value) -> pl.Expr:
    """Where the other text first occurs; 0 if it does not. Also `POSITION(x IN s)`."""
    offset = text.expr.str.find(str(part.constant), literal=True)  # in bytes
    before = text.expr.cast(pl.Binary).bin.slice(0, offset).cast(pl.String).str.len_chars()
    place = pl.when(offset.is_not_null()).then(before.cast(pl.Int64) + 1)
    return place.when(text.expr.is_not_null()).then(0)


@function("split_part(text, 'text', 'integer')", "split_part('a/b/c', '/', 2)", "'b'")
def split_part(text: Value, separator: Value, number: Value) -> pl.Expr:
    """The n-th part between separators; null if there are fewer."""
    place = number.constant
    if not isinstance(place, int) or place < 1:
        raise Unfit("split_part: parts count from 1")
    return text.expr.str.split(str(separator.constant)).list.get(place - 1, null_on_oob=True)


@function(
    "string_split(text, 'text')",
    "length(string_split('a,b,,c', ','))",
    "4",
    "split",
    "str_split",
    "string_to_array",
)
def string_split(text: Value, separator: Value) -> pl.Expr:
    """The list of parts between separators."""
    return text.expr.str.split(str(separator.constant))


@function(
    "regexp_matches(text, 'text')", "regexp_matches('N102UW', '^N[0-9]+')", "TRUE", "regexp_like"
)
def regexp_matches(text: Value, pattern: Value) -> pl.Expr:
    """Whether the pattern is found in the text. Also `s ~ pattern`, and `~*` ignoring case."""
    return patterns.matches("regexp_matches", [text, pattern])


@function(
    "regexp_extract(text, 'text'[, 'integer'])",
    "regexp_extract('flight 517', '([a-z]+) ([0-9]+)', 2)",
    "'517'",
    "regexp_substr",
)
def regexp_extract(text: Value, pattern: Value, group: Value | None = None) -> pl.Expr:
    """The first match of the pattern, or of its n-th group; null if there is none."""
    written, number = str(pattern.constant), group.constant if group else 0
    return text.expr.str.extract(written, int(str(number)))


@function(
    "regexp_replace(text, 'text', 'text'[, 'text'])",
    "regexp_replace('a1b2', '([0-9])', '<\\1>', 'g')",
    "'a<1>b<2>'",
)
def regexp_replace(
    text: Value, pattern: Value, replacement: Value, options: Value | None = None
) -> pl.Expr | Value:
    r"""The text with the first match replaced, or all with the option 'g'; `\1` is the first group.

    A row whose result would be longer than 64 MiB is rejected.
    """
    flags = str(options.constant) if options else ""
    if set(flags) - set("gi"):
        raise Unfit(f'regexp_replace: no such option "{flags}". Options are g (all), i (any case)')
    written = f"(?i){pattern.constant}" if "i" in flags else str(pattern.constant)
    new = re.sub(r"\\(\d)", r"${\1}", str(replacement.constant).replace("$", "$$"))
    if "g" not in flags:
        return text.expr.str.replace(written, new)
    copies, own = 1 + len(_GROUP.findall(new)), len(_GROUP.sub("", new).encode())
    most = _bytes(text.expr) * copies + (_bytes(text.expr) + 1) * own
    doubtful = pl.when(most > MOST_BYTES).then(text.expr)
    count = doubtful.str.count_matches(written).cast(pl.Int64)
    whole, fails = _bounded(text, _bytes(doubtful) * copies + count * own)
    return Value(whole.str.replace_all(written, new), pl.String(), fails)


def _bytes(text: pl.Expr) -> pl.Expr:
    return text.str.len_bytes().cast(pl.Int64)


def _bounded(text: Value, size: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Return a text, null where what is made of it would be too long, and where that is so."""
    fails = (size > MOST_BYTES).fill_null(value=False)
    return pl.when(~fails).then(text.expr), fails


def _constant(value: Value | None) -> str | None:
    return None if value is None else str(value.constant)


def _size(value: Value) -> int:
    if not isinstance(value.constant, int) or not 0 <= value.constant <= _MOST_PAD:
        raise Unfit(f"the length must be a whole number from 0 to {_MOST_PAD:,}")
    return value.constant


def _fill(value: Value | None) -> str:
    fill = " " if value is None else str(value.constant)
    if len(fill) != 1:
        raise Unfit("the fill text must be one character")
    return fill
