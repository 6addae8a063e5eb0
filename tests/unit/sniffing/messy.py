"""Twenty messy inputs: what they are called, how they are made, and what must be found in them.

`rows` counts the good rows and `bad` the records that the job may only quarantine.
"""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pyarrow as pa

ROWS = 120
EUROS = {"price": {"type": "decimal(18,2)", "currency": "€"}}


@dataclass(frozen=True)
class Messy:
    name: str
    write: Callable[[Path], None]
    types: dict[str, str]
    options: dict[str, object] = field(default_factory=dict)
    rows: int = ROWS
    bad: int = 0


def lines(form: Callable[[int], str], head: str = "", end: str = "\n") -> str:
    rows = [form(number) for number in range(ROWS)]
    return end.join([*([head] if head else []), *rows, ""])


def text(content: str, encoding: str = "utf-8") -> Callable[[Path], None]:
    return lambda path: void(path.write_bytes(content.encode(encoding)))


def day(number: int) -> date:
    return date(2013, 1, 1) + timedelta(number)


def void(_: object) -> None:
    """Forget what was returned."""


def hive(path: Path) -> None:
    for year in (2012, 2013):
        for month in ("01", "02"):
            folder = path / f"year={year}" / f"month={month}"
            folder.mkdir(parents=True)
            (folder / "part.csv").write_text("id,v\n" + "".join(f"{n},{n}.5\n" for n in range(30)))
    (path / "README.txt").write_text("Where this comes from.\n")


def moved_columns(path: Path) -> None:
    path.mkdir()
    (path / "1.csv").write_text(lines(lambda n: f"{n},x{n}", "id,name"))
    (path / "2.csv").write_text(lines(lambda n: f"x{n},{n}", "name,id"))
    (path / "3.csv").write_text("")


def record(number: int) -> str:
    found = {
        "id": number,
        "user": {"name": f"u{number}", "tags": ["a"] * (number % 3)},
        "at": f"2013-01-01T00:{number % 60:02d}:00Z",
        "day": f"{day(number):%d/%m/%Y}",
        "score": number / 4 if number % 9 else None,
    }
    return json.dumps(found | ({"rare": "x"} if number % 7 == 0 else {}))


MESSY = [
    Messy(
        "semicolons_and_decimal_commas.csv",
        text(
            lines(
                lambda n: f"{n};Müller;{n % 9 + 1}.000,{n % 100:02d};{day(n):%d.%m.%Y}",
                "id;name;price;day",
            )
        ),
        {"id": "int64", "name": "string", "price": "decimal(18,2)", "day": "date"},
        {
            "delimiter": ";",
            "decimal_separator": ",",
            "thousands_separator": ".",
            "columns": {"day": {"type": "date", "format": "%d.%m.%Y"}},
        },
    ),
    Messy(
        "tabs_and_leading_zeros.tsv",
        text(lines(lambda n: f"{n:05d}\t{n % 2}\t{str(n % 3 == 0).lower()}", "id\tflag\tsure")),
        {"id": "string", "flag": "int64", "sure": "boolean"},
        {"delimiter": "\t"},
    ),
    Messy(
        "bars.txt",
        text(lines(lambda n: f"{n}|a, b; c{n}|{n}.5", "id|note|amount")),
        {"id": "int64", "note": "string", "amount": "float64"},
        {"delimiter": "|"},
    ),
    Messy(
        "no_header.csv",
        text(lines(lambda n: f"{n},x{n},{day(n)}")),
        {"column_1": "int64", "column_2": "string", "column_3": "date"},
        {"header": ["column_1", "column_2", "column_3"]},
    ),
    Messy(
        "mark_and_crlf.csv",
        text("\ufeff" + lines(lambda n: f"{n},Zürich", "id,city", end="\r\n")),
        {"id": "int64", "city": "string"},
    ),
    Messy(
        "latin.csv",
        text(lines(lambda n: f"{n},Zürich", "id,city"), "latin-1"),
        {"id": "int64", "city": "string"},
        {"encoding": "latin-1"},
    ),
    Messy(
        "windows.csv",
        text(lines(lambda n: f"{n},5 €", "id,price"), "cp1252"),
        {"id": "int64", "price": "decimal(18,2)"},
        {"encoding": "cp1252", "columns": EUROS},
    ),
    Messy(
        "wide.csv",
        text(lines(lambda n: f"{n},5 €", "id,price"), "utf-16"),
        {"id": "int64", "price": "decimal(18,2)"},
        {"encoding": "utf-16", "columns": EUROS},
    ),
    Messy(
        "line_ends_in_quotes.csv",
        text(lines(lambda n: f'{n},"one, of {n}\n""two""",{n % 9}', "id,text,n")),
        {"id": "int64", "text": "string", "n": "int64"},
        {"multiline": True},
    ),
    Messy(
        "packed.csv.gz",
        lambda path: void(
            path.write_bytes(
                gzip.compress(lines(lambda n: f"{n},{n / 8}", "id,v").encode(), mtime=0)
            )
        ),
        {"id": "int64", "v": "float64"},
    ),
    Messy(
        "packed.tsv.zst",
        lambda path: void(
            path.write_bytes(
                pa.compress(lines(lambda n: f"{n}\t1", "a\tb").encode(), "zstd", asbytes=True)
            )
        ),
        {"a": "int64", "b": "int64"},
        {"delimiter": "\t"},
    ),
    Messy(
        "na_and_dates.csv",
        text(
            lines(
                lambda n: ",".join(
                    [
                        str(n),
                        "NA" if n % 5 == 0 else str(n - 20),
                        f"{day(n):%d/%m/%Y}",
                        "\\N" if n % 7 == 0 else "x",
                    ]
                ),
                "id,delay,day,tail",
            )
        ),
        {"id": "int64", "delay": "int64", "day": "date", "tail": "string"},
        {
            "null_values": ["", "NA", "\\N"],
            "columns": {"day": {"type": "date", "format": "%d/%m/%Y"}},
        },
    ),
    Messy(
        "names_twice_and_blank.csv",
        text(lines(lambda n: f"{n},{n},1.50,{n}.25,x", "id,,price, price ,price")),
        {
            "id": "int64",
            "column_2": "int64",
            "price": "decimal(18,2)",
            "price_2": "decimal(18,2)",
            "price_3": "string",
        },
        {"header": ["id", "column_2", "price", "price_2", "price_3"], "skip_rows": 1},
    ),
    Messy(
        "odd_names.csv",
        text(lines(lambda n: f"{n},1,2,3,4,5", 'no,a.b,12:30:00,${x},a: b #c,"q""r"')),
        dict.fromkeys(["no", "a.b", "12:30:00", "${x}", "a: b #c", 'q"r'], "int64"),
    ),
    Messy(
        "title_lines.csv",
        text("Report of 2013\n\n" + lines(lambda n: f"{n},1,2", "id,a,b")),
        {"id": "int64", "a": "int64", "b": "int64"},
        {"skip_rows": 2},
    ),
    Messy(
        "remarks.csv",
        text("# made by hand\n" + lines(lambda n: f"{n},1", "id,a")),
        {"id": "int64", "a": "int64"},
        {"comment": "#"},
    ),
    Messy(
        "one_column.csv",
        text(lines(lambda n: "" if n % 10 == 0 else f"plain, {n}" if n % 2 else f"x{n}", "name")),
        {"name": "string"},
        {"delimiter": ";"},
    ),
    Messy(
        "ragged.csv",
        text(lines(lambda n: f"{n},1" if n % 40 == 0 else f"{n},1,2", "id,a,b")),
        {"id": "int64", "a": "int64", "b": "int64"},
        rows=ROWS - 3,
        bad=3,
    ),
    Messy(
        "blank_lines.csv",
        text(lines(lambda n: f"{n},1\n" if n % 40 == 0 else f"{n},1", "id,a")),
        {"id": "int64", "a": "int64"},
        {"blank_lines": "skip"},
    ),
    Messy(
        "broken_bytes.csv",
        lambda path: void(
            path.write_bytes(
                lines(lambda n: f"{n},Zürich", "id,city")
                .encode()
                .replace(b"7,Z\xc3\xbc", b"7,Z\xc3")
            )
        ),
        {"id": "int64", "city": "string"},
        rows=ROWS - 12,
        bad=12,
    ),
    Messy(
        "all_quoted.csv",
        text(
            lines(
                lambda n: f'"{n}","{"" if n % 3 else "a"}","{"" if n % 4 else "1,5"}"',
                '"id","kind","share"',
            )
        ),
        {"id": "int64", "kind": "string", "share": "float64"},
        {"decimal_separator": ",", "thousands_separator": "."},
    ),
    Messy(
        "nested.jsonl",
        text(lines(record)),
        {
            "id": "int64",
            "user": "struct<name: string, tags: list<string>>",
            "at": "timestamp(us, UTC)",
            "day": "date",
            "score": "float64",
            "rare": "string",
        },
    ),
    Messy(
        "mixed_types.ndjson",
        text(lines(lambda n: json.dumps({"id": n if n % 50 else str(n), "${x}": [1]}))),
        {"id": "int64", "${x}": "list<int64>"},
        rows=ROWS - 3,
        bad=3,
    ),
    Messy(
        "table.parquet",
        lambda path: pl.DataFrame(
            {
                "id": range(ROWS),
                "day": [day(n) for n in range(ROWS)],
                "text": ["2013-01-01"] * ROWS,
                "tags": [["a"]] * ROWS,
                "nan": [float("nan")] * ROWS,
            }
        ).write_parquet(path),
        {"id": "int64", "day": "date", "text": "string", "tags": "list<string>", "nan": "float64"},
    ),
    Messy(
        "folders",
        hive,
        {"id": "int64", "v": "float64", "year": "int64", "month": "string"},
    ),
    Messy("moved_columns", moved_columns, {"id": "int64", "name": "string"}, rows=2 * ROWS),
]
