"""Files as they are in the wild, made of one clean table: categories of the benchmark Pollock.

Vitagliano, Hameed, Jiang, Reisener, Wu, Naumann: "Pollock: A Data Loading Benchmark", PVLDB 16(8),
2023. Each file says which options describe it, and what is to come of it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

NAMES = ["date", "time", "qty", "price", "product", "url", "comment"]
ROWS = [
    ["2013-09-01", "06:30", "1", "2.50", "tea", "http://a.example/1", "fresh, green"],
    ["2013-09-01", "06:31", "2", "0.99", "milk", "http://a.example/2", ""],
    ["2013-09-01", "06:32", "30", "1.00", "rye bread", "http://a.example/3", 'say "hi"'],
    ["2013-09-02", "07:00", "4", "12.00", "café", "http://a.example/4", "x; y | z"],
    ["2013-09-02", "07:01", "5", "3.10", "salt", "http://a.example/5", "100%"],
    ["2013-09-03", "07:02", "6", "4.00", "oil", "http://a.example/6", "it's"],
]
Row = Sequence[str]
Bad = tuple[int, str]
"""The line of a rejected record, and the reason."""


@dataclass(frozen=True, slots=True)
class Case:
    """A file, the options that describe it, and what comes of it.

    `rows` are those that come out, all of the table if nothing is said; `rejects` the records that
    are put aside. With `refused`, nothing is read, for a reason with these words.
    """

    group: str
    what: str
    data: bytes
    options: dict[str, Any] = field(default_factory=dict)
    rows: Sequence[Row] = tuple(ROWS)
    names: Sequence[str] = tuple(NAMES)
    rejects: Sequence[Bad] = ()
    refused: str = ""
    name: str = "source.csv"
    note: str = ""


def line(
    fields: Row,
    delimiter: str = ",",
    quote: str = '"',
    doubled: str = '""',
    *,
    spare: bool = False,
    end: str = "\r\n",
) -> str:
    """Write a record: all fields in quotes, or with `spare` only those that need it."""
    signs = (delimiter, quote, "\r", "\n")

    def write(text: str) -> str:
        if spare and not any(sign in text for sign in signs):
            return text
        sign = quote.strip()
        return quote + (text.replace(sign, doubled) if sign else text) + quote[::-1]

    return delimiter.join(map(write, fields)) + end


def table(rows: Sequence[Row] = tuple(ROWS), names: Row | None = tuple(NAMES), **style: Any) -> str:
    """Write a table."""
    return "".join(line(row, **style) for row in ([names] if names else []) + list(rows))


def with_row(number: int, change: Callable[[str], str], **style: Any) -> str:
    """Write the table with one of its lines changed: 0 is the header, -1 the last."""
    lines = table(**style).splitlines(keepends=True)
    lines[number] = change(lines[number])
    return "".join(lines)


def without(*numbers: int) -> list[Row]:
    """Return the rows but for some, counted from 1 as the lines behind the header are."""
    return [row for number, row in enumerate(ROWS, 1) if number not in numbers]


def cases() -> Iterator[Case]:
    """Yield all files."""
    yield from of_files()
    yield from of_encodings()
    yield from of_signs()
    yield from of_tables()
    yield from of_headers()
    yield from of_rows()
    yield from of_quotes()


def of_files() -> Iterator[Case]:
    """Names, sizes and ends of files."""
    group = "File"
    clean = table().encode()
    for name in ("source.csv", "source.tsv", "source.pdf", "source", "$.csv", ".csv", "\u00a0.csv"):
        what = f"named `{name}`".replace("\u00a0", "U+00A0")
        yield Case(
            group,
            what,
            clean,
            name=name,
            note="if the path names this file" if name != "source.csv" else "",
        )
    yield Case(
        group, "empty", b"", refused="all sampled files are empty", rows=(),
        note="with column names, it has no rows",
    )  # fmt: skip
    yield Case(group, "empty", b"", {"header": NAMES}, rows=())
    yield Case(group, "only a header", table(rows=()).encode(), rows=())
    yield Case(group, "no line end at the end", clean[:-2])
    yield Case(group, "an empty line at the end", clean + b"\r\n", rejects=[(8, "blank line")])
    yield Case(
        group, "empty lines", b"\r\n" + clean.replace(b"\r\n", b"\r\n\r\n"), {"blank_lines": "skip"}
    )
    yield Case(
        group, "of one column", b"date\r\n2013-09-01\r\n\r\n2013-09-02\r\n", names=["date"],
        rows=[["2013-09-01"], [""], ["2013-09-02"]], note="an empty line is a null",
    )  # fmt: skip
    wide, values = [f"c{number}" for number in range(1024)], [str(n) for n in range(1024)]
    yield Case(
        group, "of 1,024 columns", table([values], wide).encode(), rows=[values], names=wide
    )  # fmt: skip
    many = ROWS * 1000
    yield Case(group, "of 6,000 rows", table(many).encode(), rows=many)


def of_encodings() -> Iterator[Case]:
    """Encodings and marks."""
    group, text = "Encoding", table()
    yield Case(group, "UTF-8 with a byte-order mark", text.encode("utf-8-sig"))
    yield Case(group, "Latin-1", text.encode("latin-1"), {"encoding": "latin-1"})
    yield Case(group, "Windows-1252", text.encode("cp1252"), {"encoding": "cp1252"})
    yield Case(group, "UTF-16 with a mark", text.encode("utf-16"), {"encoding": "utf-16"})
    yield Case(group, "UTF-16 without a mark", text.encode("utf-16-le"), {"encoding": "utf-16-le"})
    yield Case(
        group,
        "UTF-16, option not set",
        text.encode("utf-16"),
        refused="Write encoding: utf-16",
        rows=(),
    )
    yield Case(
        group, "Latin-1, option not set", text.encode("latin-1"), rows=without(4),
        rejects=[(5, "not utf-8")], note="only the lines that are not UTF-8",
    )  # fmt: skip
    yield Case(
        group, "EBCDIC", text.encode("cp037"), {"encoding": "cp037"}, rows=(), refused="iconv -f"
    )


def of_signs() -> Iterator[Case]:
    """Delimiters, quotes, escapes and line ends of the whole file."""
    group = "Delimiter"
    for sign in (";", "|", "\t", ":", " ", "\t\t", ", ", "\\t", "||", "§"):
        shown = sign.replace("\t", "⇥").replace(" ", "␣")
        yield Case(group, f"`{shown}`", table(delimiter=sign).encode(), {"delimiter": sign})
    yield Case(
        group, "followed by spaces", table().replace('","', '",   "').encode(), {"skip_space": True}
    )
    yield Case(
        group, "at each line's end", table().replace("\r\n", ",\r\n").encode(),
        {"trailing_delimiter": "ignore"},
    )  # fmt: skip
    yield Case(
        group, "at the end of rows only", table(names=None).replace("\r\n", ",\r\n").join(
            [line(NAMES), ""]).encode(),
        {"trailing_delimiter": "ignore"},
    )  # fmt: skip
    yield Case(
        group, "`;`, with a first line `sep=;`", b"sep=;\r\n" + table(delimiter=";").encode(),
        {"delimiter": ";"},
    )  # fmt: skip
    yield Case(
        group, "another one in the line `sep=;`", b"sep=;\r\n" + table(delimiter=";").encode(),
        rows=(), refused="first line: sep=;",
    )  # fmt: skip
    group = "Quote"
    yield Case(group, "only where needed", table(spare=True).encode())
    yield Case(group, "`'`", table(quote="'", doubled="''").encode(), {"quote": "'"})
    yield Case(group, "none", table(ROWS[1:2], quote="").encode(), {"quote": None}, rows=ROWS[1:2])
    yield Case(
        group, "`\"␣` before and `␣\"` after", table(quote='" ', doubled='""').encode(),
        rows=[[f" {text} " for text in row] for row in ROWS],
        names=[f" {name} " for name in NAMES],
        note="the spaces are part of the values: trim them with `normalize_text`",
    )  # fmt: skip
    group = "Escape"
    yield Case(group, "doubled quotes", table(doubled='""').encode())
    yield Case(group, "a backslash", table(doubled='\\"').encode(), {"escape": "\\"})
    yield Case(
        group, "a backslash, option not set", table(doubled='\\"').encode(), rows=without(3),
        rejects=[(4, "text after a closing quote")],
    )  # fmt: skip
    yield Case(
        group, "three quotes", table(doubled='"""').encode(), rows=without(3),
        rejects=[(4, "text after a closing quote")], note="no option for this",
    )  # fmt: skip
    group = "Line end"
    yield Case(group, "CRLF", table().encode())
    yield Case(group, "LF", table(end="\n").encode())
    yield Case(group, "CR", table(end="\r").encode(), {"line_end": "cr"})
    yield Case(
        group, "CR, option not set", table(end="\r").encode(), rows=(), refused="Write line_end: cr"
    )
    yield Case(
        group,
        "LF in one line of CRLF",
        with_row(2, lambda text: text.replace("\r\n", "\n")).encode(),
    )
    yield Case(
        group, "CR in one line of CRLF",
        with_row(2, lambda text: text.replace("\r\n", "\r")).encode(),
        rows=without(2, 3), rejects=[(3, "text after a closing quote")],
        note="the two lines are one bad record",
    )  # fmt: skip
    yield Case(
        group, "within quoted values", table([[*ROWS[0][:6], "two\nlines"]]).encode(),
        {"multiline": True}, rows=[[*ROWS[0][:6], "two\nlines"]],
    )  # fmt: skip
    yield Case(
        group, "within quoted values, option not set",
        table([[*ROWS[0][:6], f"two\n{line(ROWS[1], end='')}"], ROWS[2]], spare=True).encode(),
        rows=[ROWS[2]], rejects=[(2, "unclosed quote"), (3, "inside an unclosed quote")],
    )  # fmt: skip


def of_tables() -> Iterator[Case]:
    """What stands before and behind the table, and tables in one file."""
    group = "Before and after the table"
    empty = "," * 6 + "\r\n"
    before = {
        "three lines of text": "PREAMBLE\r\n" * 3,
        "three lines of text and an empty one": "PREAMBLE\r\n" * 3 + "\r\n",
        "three lines with delimiters": f"PREAMBLE{empty}" * 3,
        "three lines with delimiters and an empty record": f"PREAMBLE{empty}" * 3 + empty,
    }
    for what, text in before.items():
        number = text.count("\n")
        yield Case(group, f"before: {what}", (text + table()).encode(), {"skip_rows": number})
    for what, text in before.items():
        text = "".join(reversed(text.splitlines(keepends=True)))  # noqa: PLW2901
        number = text.count("\n")
        yield Case(group, f"after: {what}", (table() + text).encode(), {"skip_footer": number})
    yield Case(group, "comments", f'# a\r\n{table()}# "b\r\n'.encode(), {"comment": "#"})
    total = line(["Sum", "", "48", "", "", "", ""])
    yield Case(
        group, "subtotals and a total",
        (table() + total + table(names=None) + total).encode(),
        {"ignore_rows": '^"Sum"'}, rows=ROWS * 2,
    )  # fmt: skip
    group = "Two tables in a file"
    for width, what in ((4, "fewer"), (9, "more")):
        second = table([["x"] * width] * 2, [f"c{n}" for n in range(width)])
        reason = f"too {'few' if width < 7 else 'many'} fields"
        yield Case(
            group, f"{what} columns in the second", (table() + second).encode(),
            rejects=[(number, reason) for number in (8, 9, 10)],
        )  # fmt: skip
        yield Case(
            group, f"{what} columns, skipped", (table() + second).encode(), {"skip_footer": 3}
        )
    names, values = [f"c{n}" for n in range(7)], ["x"] * 7
    second = table([values] * 2, names)
    yield Case(
        group, "as many columns, skipped", (table() + second).encode(), {"skip_footer": 3}
    )  # fmt: skip
    yield Case(
        group, "as many columns, option not set", (table() + second).encode(),
        rows=[*ROWS, names, values, values],
        note="the second table looks like rows: set skip_footer, or column types",
    )  # fmt: skip
    yield Case(
        group, "as many columns, with types", (table() + second).encode(),
        {"columns": {"qty": "int64"}}, rejects=[(line, "not an int64") for line in (8, 9, 10)],
    )  # fmt: skip
    yield Case(
        group, "the same columns, the header again", (table() + table()).encode(),
        {"repeated_headers": "ignore"}, rows=ROWS * 2,
    )  # fmt: skip
    yield Case(
        group, "the same columns, option not set", (table() + table()).encode(), rows=ROWS * 2,
        rejects=[(8, "repeated header")],
    )  # fmt: skip


def of_headers() -> Iterator[Case]:
    """Column names."""
    group = "Header"
    bare = table(names=None).encode()
    unnamed = [f"column_{number}" for number in range(1, 8)]
    yield Case(group, "none", bare, {"header": False}, names=unnamed)
    yield Case(group, "none", bare, {"header": NAMES})
    second = line(["", "HEADER", "", "", "", "", ""])
    yield Case(
        group, "of three lines", (table(()) + second * 2 + bare.decode()).encode(),
        {"header": NAMES, "skip_rows": 3},
    )  # fmt: skip
    for what, name, found in (
        ("an empty name", "", "column_3"),
        ("a name with special characters", "HEAD/%R", "HEAD/%R"),
        ("a name of 600,000 characters", "HEADER" * 100_000, "HEADER" * 100_000),
        ("a name of two lines", "HEAD\nER", "HEAD\nER"),
    ):
        names = [*NAMES[:2], name, *NAMES[3:]]
        expected = [*NAMES[:2], found, *NAMES[3:]]
        options = {"multiline": True} if "\n" in name else {}
        yield Case(group, what, table(names=names).encode(), options, names=expected)
    twice = [NAMES[0], NAMES[0], *NAMES[2:]]
    yield Case(
        group, "a name that occurs twice", table(names=twice).encode(), rows=(),
        refused="occurs more than once",
    )  # fmt: skip
    yield Case(
        group, "a name that occurs twice", table(names=twice).encode(),
        {"header": NAMES, "skip_rows": 1},
    )  # fmt: skip
    rows = [[str(number), *row] for number, row in enumerate(ROWS, 1)]
    yield Case(
        group, "no name for the first column, as R writes it",
        (table(()) + table(rows, None)).encode(),
        {"row_names": "row"}, rows=rows, names=["row", *NAMES],
    )  # fmt: skip


def of_rows() -> Iterator[Case]:
    """Single rows with fields, delimiters or line ends of their own."""
    group = "A single row"
    for number in (1, 3, 6):
        where = {1: "first", 3: "middle", 6: "last"}[number]
        yield Case(
            group, f"the {where}: empty", with_row(number, lambda _: "\r\n").encode(),
            rows=without(number), rejects=[(number + 1, "blank line")],
        )  # fmt: skip
        yield Case(
            group, f"the {where}: five fields",
            with_row(number, lambda text: cut(text, 5)).encode(),
            rows=without(number), rejects=[(number + 1, "too few fields")],
        )  # fmt: skip
        yield Case(
            group, f"the {where}: five fields",
            with_row(number, lambda text: cut(text, 5)).encode(),
            {"short_rows": None},
            rows=[[*row[:5], "", ""] if row is ROWS[number - 1] else row for row in ROWS],
            note="the missing fields are null",
        )  # fmt: skip
        yield Case(
            group, f"the {where}: nine fields",
            with_row(number, lambda text: text.replace("\r\n", ',"x","x"\r\n')).encode(),
            rows=without(number), rejects=[(number + 1, "too many fields")],
        )  # fmt: skip
        yield Case(
            group, f"the {where}: an extra delimiter",
            with_row(number, lambda text: text.replace(",", ",,", 1)).encode(),
            rows=without(number), rejects=[(number + 1, "too many fields")],
        )  # fmt: skip
        yield Case(
            group, f"the {where}: a missing delimiter",
            with_row(number, lambda text: text.replace('","', '""', 1)).encode(),
            rows=without(number), rejects=[(number + 1, "too few fields")],
        )  # fmt: skip
        yield Case(
            group, f"the {where}: another delimiter",
            with_row(number, lambda text: text.replace('","', '";"')).encode(),
            rows=without(number), rejects=[(number + 1, "text after a closing quote")],
        )  # fmt: skip
    yield Case(
        group, "a NUL byte", with_row(2, lambda text: text.replace("milk", "mi\0k")).encode(),
        rows=without(2), rejects=[(3, "NUL byte")],
    )  # fmt: skip


def of_quotes() -> Iterator[Case]:
    """Single rows with quotes too many, too few or other ones."""
    group = "Quotes of a single row"
    after, stray = "text after a closing quote", "quote inside an unquoted field"
    changes: tuple[tuple[str, Callable[[str], str], str], ...] = (
        ("an extra quote before a field", lambda text: '"' + text, after),
        ("an extra quote inside a field", lambda text: text.replace("milk", 'mi"k'), after),
        ("no closing quote", lambda text: text.replace('milk"', "milk"), after),
        ("no opening quote", lambda text: text.replace('"milk', "milk"), stray),
        ("text after the closing quote", lambda text: text.replace('milk"', 'milk" x'), after),
        ("a space after the closing quote", lambda text: text.replace('milk"', 'milk" '), after),
        ("a space before the opening quote", lambda text: text.replace('"milk', ' "milk'), stray),
        ("a quote escaped by a backslash", lambda text: text.replace("milk", 'mi\\"k'), after),
        (
            "no closing quote in the last field",
            lambda text: text.replace(',""\r\n', ',"\r\n'),
            "unclosed quote",
        ),
    )
    for what, change, reason in changes:
        yield Case(
            group, what, with_row(2, change).encode(), rows=without(2), rejects=[(3, reason)]
        )
    plain = with_row(4, lambda text: text.replace("café", '"café'), spare=True)
    yield Case(
        group, "a quote that is not closed, in a file with few quotes", plain.encode(),
        rows=ROWS[:3],
        rejects=[(5, "unclosed quote"), *((line, "inside an unclosed quote") for line in (6, 7))],
        note="the next lines are rejected too, until one cannot be inside quotes",
    )  # fmt: skip
    other = with_row(2, lambda text: text.replace('"', "'"))
    yield Case(
        group, "`'` instead of `\"`", other.encode(),
        rows=[[f"'{text}'" for text in row] if row is ROWS[1] else row for row in ROWS],
        note="the quotes are read as part of the values: set types for numbers and dates",
    )  # fmt: skip
    yield Case(
        group, "`'` instead of `\"`, with types", other.encode(), {"columns": {"qty": "int64"}},
        rows=without(2), rejects=[(3, "not an int64")],
    )  # fmt: skip


def cut(text: str, fields: int) -> str:
    """Return the beginning of a record."""
    return ",".join(text.rstrip().split(",")[:fields]) + "\r\n"
