"""A hundred files as people send them, with what must come of each.

Made from a seed, so that they are the same in each run. What a job published must be `values`, by
column; or `init` must refuse the file, in a line that says `refused`.
"""

import datetime as dt
import gzip
import io
import json
import random
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

SEED = 2026
ROWS = 30

Values = dict[str, list[Any]]


@dataclass(frozen=True)
class Case:
    name: str
    write: Callable[[Path], object]
    values: Values = field(default_factory=dict)
    refused: str = ""
    doubt: str = ""


def text(content: str, encoding: str = "utf-8") -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content.encode(encoding))


def raw(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def table(
    columns: dict[str, Sequence[str]], sign: str = ",", end: str = "\n", *, header: bool = True
) -> str:
    """Return columns of texts as delimited text; what holds the sign is quoted."""

    def line(values: Sequence[str]) -> str:
        quoted = (f'"{one}"' if sign in one or "\n" in one else one for one in values)
        return sign.join(quoted) + end

    rows = zip(*columns.values(), strict=True)
    return "".join([*([line(list(columns))] if header else []), *(line(row) for row in rows)])


class Notation:
    """How a country writes its numbers."""

    def __init__(self, point: str, group: str, *, indian: bool = False) -> None:
        self.point, self.group, self.indian = point, group, indian

    def whole(self, number: int) -> str:
        sign, digits = "-" if number < 0 else "", str(abs(number))
        parts = [digits[-3:]]
        rest, size = digits[:-3], 2 if self.indian else 3
        while rest:
            parts.insert(0, rest[-size:])
            rest = rest[:-size]
        return sign + self.group.join(parts)

    def money(self, amount: Decimal) -> str:
        whole, _, places = f"{abs(amount):.2f}".partition(".")
        sign = "-" if amount < 0 else ""
        return f"{sign}{self.whole(int(whole))}{self.point}{places}"


NOTATIONS = {
    "german": (Notation(",", "."), ";"),
    "french": (Notation(",", "\u202f"), ";"),
    "swedish": (Notation(",", "\u00a0"), "\t"),
    "polish": (Notation(",", " "), ";"),
    "swiss": (Notation(".", "'"), ";"),
    "swiss_typed": (Notation(".", "\u2019"), ","),
    "us": (Notation(".", ","), ","),
    "british": (Notation(".", ","), "|"),
    "indian": (Notation(".", ",", indian=True), ","),
    "plain": (Notation(".", ""), ","),
}


def amounts(random_: random.Random, largest: int = 3_000_000) -> list[Decimal]:
    cents = [random_.randrange(-largest, largest * 100) for _ in range(ROWS - 2)]
    return [Decimal(number) / 100 for number in [123_456_789, 1050, *cents]]


def quantities(random_: random.Random) -> list[int]:
    return [1148, 1_234_567, *(random_.randrange(1, 40_000) for _ in range(ROWS - 2))]


def number_cases(random_: random.Random) -> Iterator[Case]:
    """Whole numbers and money of ten countries, bare, with a currency, and beside percentages."""
    ids = list(range(1, ROWS + 1))
    names = {"id": [str(number) for number in ids]}
    for country, (notation, sign) in NOTATIONS.items():
        some, money = quantities(random_), amounts(random_)
        written = {
            **names,
            "quantity": [notation.whole(number) for number in some],
            "amount": [notation.money(amount) for amount in money],
        }
        values: Values = {"id": ids, "quantity": some, "amount": money}
        yield Case(f"{country}.csv", text(table(written, sign)), values)
        signs = [("before", "€ {}"), ("behind", "{} €"), ("word", "CHF {}")]
        for place, form in [signs[len(country) % 3]] if country != "plain" else ():
            priced = {**written, "amount": [form.format(one) for one in written["amount"]]}
            yield Case(f"{country}_{place}.csv", text(table(priced, sign)), values)
    german = NOTATIONS["german"][0]
    money = amounts(random_)
    shares = [random_.randrange(0, 2000) / 10 for _ in ids]
    percent = [f"{share:.1f} %".replace(".", ",") for share in shares]
    yield Case(
        "percent.csv",
        text(table({**names, "share": percent}, ";")),
        {"id": ids, "share": [float(f"{share:.1f}e-2") for share in shares]},
    )
    losses = {"brackets": "({})", "trailing": "{}-"}
    for name, form in losses.items():
        texts = [
            form.format(german.money(-one)) if one < 0 else german.money(one)
            for one in [Decimal("-5.00"), *money[1:]]
        ]
        yield Case(
            f"losses_{name}.csv",
            text(table({**names, "amount": texts}, ";")),
            {"id": ids, "amount": [Decimal("-5.00"), *money[1:]]},
        )
    yield Case(
        "nobody_knows.csv",
        text(table({**names, "n": [f"{number}.{number + 100}" for number in ids]}, ";")),
        {"id": ids, "n": [f"{number}.{number + 100}" for number in ids]},
        doubt="is 1.101 or 1101?",
    )
    yield Case(
        "two_notations.csv",
        text("id;a;b\n1;7,5;1.25\n2;8,25;2.5\n3;1.234,5;3.75\n"),
        {"id": [1, 2, 3], "a": [7.5, 8.25, 1234.5], "b": [1.25, 2.5, 3.75]},
    )


def header_cases(random_: random.Random) -> Iterator[Case]:
    """What stands above the rows, and what does not."""
    ids = list(range(1, ROWS + 1))
    words = [random_.choice(["north", "south", "west"]) for _ in ids]
    floats = [random_.randrange(1, 999) / 8 for _ in ids]
    texts = {"id": list(map(str, ids)), "region": words, "x": list(map(repr, floats))}
    values: Values = {"id": ids, "region": words, "x": floats}
    plain = table(texts)
    bare = table(texts, header=False)
    yield Case(
        "no_header.csv", text(bare), {f"column_{n}": v for n, v in enumerate(values.values(), 1)}
    )
    yield Case("title.csv", text("Report of 2013\n" + plain), values)
    yield Case("title_and_gap.csv", text("Report of 2013\nby me\n\n" + plain), values)
    yield Case("padded_title.csv", text("PREAMBLE,,\n" + plain), values)
    yield Case("padded_titles.csv", text("PREAMBLE,,\nAll of 2013,,\n,,\n" + plain), values)
    yield Case("doubled.csv", text("id,region,x\n" + plain), values, doubt="2 lines are read")
    units = {"id": ids, "region": words, "x mm": floats}
    yield Case("units.csv", text("id,region,x\n,,mm\n" + bare), units, doubt="2 lines are read")
    half = table({name: column[:15] for name, column in texts.items()})
    rest = table({name: column[15:] for name, column in texts.items()})
    yield Case("repeated.csv", text(half + rest), values)
    yield Case(
        "lone_year.csv",
        text("state,2022\nAL,-29.6\nAK,-14.6\n"),
        {"state": ["AL", "AK"], "2022": [-29.6, -14.6]},
        doubt="read as column names",
    )
    yield Case(
        "years.csv",
        text("country,year,2020\nDE,2019,5.3\nFR,2018,6.1\n"),
        {"country": ["DE", "FR"], "year": [2019, 2018], "2020": [5.3, 6.1]},
    )
    yield Case("only_a_header.csv", text("id,name,amount\n"), {}, doubt="There are no records")
    yield Case("only_years.csv", text("country,2019,2020\n"), {}, doubt="There are no records")
    yield Case(
        "only_words.csv",
        text("name,city\nAnna,Berlin\nBen,Rom\n"),
        {"name": ["Anna", "Ben"], "city": ["Berlin", "Rom"]},
        doubt="read as column names",
    )
    yield Case("sep.csv", text("sep=;\r\n" + table(texts, ";", "\r\n")), values)
    yield Case("sep_quoted.csv", text('"sep=\t"\n' + table(texts, "\t")), values)
    r = table({"x": list(map(repr, floats)), "y": words}, header=False)
    lines = "".join(
        f'"{number}",{line}\n' for number, line in zip(ids, r.splitlines(), strict=True)
    )
    yield Case("r.csv", text('"x","y"\n' + lines), {"row_name": ids, "x": floats, "y": words})
    trailing = "".join(f"{line},\n" for line in bare.splitlines())
    yield Case("trailing.csv", text("id,region,x\n" + trailing), values)
    yield Case("trailing_all.csv", text("id,region,x,\n" + trailing), values)
    index = "".join(f"{number},{line}\n" for number, line in enumerate(bare.splitlines()))
    yield Case(
        "pandas.csv", text(",id,region,x\n" + index), {"column_1": [n - 1 for n in ids], **values}
    )


def footer_cases(random_: random.Random) -> Iterator[Case]:
    """Totals and notes below the rows."""
    regions = [f"region {number}" for number in range(ROWS)]
    numbers = [random_.randrange(1, 900) for _ in regions]
    values: Values = {"region": regions, "kind": ["a"] * ROWS, "n": numbers}
    body = table({"region": regions, "kind": ["a"] * ROWS, "n": list(map(str, numbers))})
    total = sum(numbers)
    note = '"Source: the office, 31.12.2013"\n'
    for name, footer in {
        "total": f"Total,,{total}\n",
        "total_full": f"Total,a,{total}\n",
        "note": note,
        "note_padded": "* preliminary figures,,\n",
        "total_and_note": f"Grand total,,{total}\n\n{note}",
        "summe": f"Summe:,,{total}\n",
    }.items():
        yield Case(f"footer_{name}.csv", text(body + footer), values, doubt="not a record")
    ids = list(range(ROWS))
    german = table(
        {"nr": list(map(str, ids)), "art": regions, "betrag": [f"{n},50" for n in numbers]}, ";"
    )
    yield Case(
        "footer_german.csv",
        text(german + "Summe;;134.889,48\n"),
        {"nr": ids, "art": regions, "betrag": [Decimal(f"{n}.50") for n in numbers]},
        doubt="looks like a total",
    )
    cities = table({"city": ["Rom", "Bonn", "Total"], "n": ["1", "2", "7"]})
    yield Case(
        "a_place_called_total.csv",
        text(cities),
        {"city": ["Rom", "Bonn", "Total"], "n": [1, 2, 7]},
        doubt="looks like a total",
    )


def text_cases(random_: random.Random) -> Iterator[Case]:
    """Encodings, line ends, quotes, delimiters."""
    ids = list(range(1, ROWS + 1))
    cities = [random_.choice(["Zürich", "Köln", "Orléans"]) for _ in ids]
    texts, values = {"id": list(map(str, ids)), "city": cities}, {"id": ids, "city": cities}
    plain = table(texts)
    for name, encoding in {
        "utf8_mark": "utf-8-sig", "utf16": "utf-16", "utf16_le": "utf-16-le", "utf32": "utf-32",
        "latin1": "latin-1", "cp1252": "cp1252",
    }.items():  # fmt: skip
        euro = plain.replace("Köln", "Köln €") if encoding == "cp1252" else plain
        known: Values = {
            "id": ids,
            "city": [c.replace("Köln", "Köln €") if euro != plain else c for c in cities],
        }
        doubt = "is a guess" if encoding in {"latin-1", "cp1252"} else ""
        yield Case(f"{name}.csv", text(euro, encoding), known, doubt=doubt)
    yield Case("crlf.csv", text(table(texts, end="\r\n")), values)
    yield Case("cr.csv", text(table(texts, end="\r")), values)
    yield Case("no_end.csv", text(plain.rstrip("\n")), values)
    yield Case("blank_lines.csv", text(plain.replace("\n3,", "\n\n3,")), values)
    yield Case("packed.csv.gz", raw(gzip.compress(plain.encode(), mtime=0)), values)
    for name, sign in {"tabs.tsv": "\t", "bars.txt": "|", "carets.csv": "^"}.items():
        yield Case(name, text(table(texts, sign)), values)
    notes = [f"{number}, said he\nand went" for number in ids]
    yield Case("multiline.csv", text(table({**texts, "note": notes})), {**values, "note": notes})
    single = [f"'a, {number}'" for number in ids]
    lines = "".join(f"{n},{note}\n" for n, note in zip(ids, single, strict=True))
    yield Case(
        "single_quotes.csv",
        text("id,note\n" + lines),
        {"id": ids, "note": [one[1:-1] for one in single]},
    )
    inches = "".join(f'{n}\t{n}" pipe\n' for n in ids)
    yield Case(
        "inches.tsv", text("id\tnote\n" + inches), {"id": ids, "note": [f'{n}" pipe' for n in ids]}
    )
    remark = "# made by hand\n# on a Monday\n"
    yield Case("remarks.csv", text(remark + plain), values)
    commas = "".join(f"{number},5\n" for number in ids)
    yield Case(
        "one_column.csv", text("betrag\n" + commas), {"betrag": [number + 0.5 for number in ids]}
    )


def column_cases(random_: random.Random) -> Iterator[Case]:
    """Names and values of all kinds."""
    ids = list(range(1, ROWS + 1))
    own = list(map(str, ids))
    hostile = [
        "no",
        "a.b",
        "${x}",
        "a: b #c",
        "- x",
        "{y}",
        "~",
        "1e5",
        "12:30:00",
        "*x",
        "'q'",
        "ä\u00a0b",
    ]
    yield Case(
        "hostile_names.csv",
        text(table(dict.fromkeys(["id", *hostile], own))),
        {"id": ids, **dict.fromkeys([*hostile[:-1], "ä b"], ids)},
    )
    yield Case("names_twice.csv", text("id,x,x,\n" + "".join(f"{n},1,2,3\n" for n in ids)),
               {"id": ids, "x": [1] * ROWS, "x_2": [2] * ROWS, "column_4": [3] * ROWS})  # fmt: skip
    yield Case("patterns.csv", text("id,*,^a$,__ingest_x\n" + "".join(f"{n},1,2,3\n" for n in ids)),
               {"id": ids, "column_2": [1] * ROWS, "a$": [2] * ROWS, "x": [3] * ROWS})  # fmt: skip
    long = "x" * 1500
    yield Case("long_name.csv", text(f"id,{long}\n" + "".join(f"{n},1\n" for n in ids)),
               {"id": ids, "x" * 200: [1] * ROWS})  # fmt: skip
    yield Case("long_name.jsonl", text("".join(json.dumps({"id": n, long: 1}) + "\n" for n in ids)),
               {"id": ids, long: [1] * ROWS})  # fmt: skip
    wide = {f"c{number}": [str(number * n) for n in ids] for number in range(200)}
    yield Case("wide.csv", text(table(wide)), {"c0": [0] * ROWS, "c199": [199 * n for n in ids]})
    days = [dt.date(2013, 1, 1) + dt.timedelta(random_.randrange(700)) for _ in range(ROWS - 1)]
    days.append(dt.date(2013, 12, 31))
    for name, form in {
        "iso": "%Y-%m-%d",
        "german": "%d.%m.%Y",
        "us": "%m/%d/%Y",
        "named": "%d %b %Y",
    }.items():
        texts = {"id": own, "day": [f"{day:{form}}" for day in days]}
        yield Case(f"days_{name}.csv", text(table(texts)), {"id": ids, "day": days})
    twins = [f"{n % 12 + 1:02d}/{n % 9 + 1:02d}/2013" for n in ids]
    yield Case("days_of_two_kinds.csv", text(table({"id": own, "day": twins})),
               {"id": ids, "day": twins}, doubt="The sample fits both")  # fmt: skip
    codes = [f"{n:05d}" for n in ids]
    yield Case("codes.csv", text(table({"id": own, "zip": codes})), {"id": ids, "zip": codes})
    gaps = [None if n % 5 == 0 else n / 4 for n in ids]
    known = ["NA" if one is None else repr(one) for one in gaps]
    yield Case("gaps.csv", text(table({"id": own, "x": known})), {"id": ids, "x": gaps})
    stamps = [1_700_000_000_123 + n * 60_000 for n in ids]
    yield Case("epoch.csv", text(table({"id": own, "ts": list(map(str, stamps))})),
               {"id": ids, "ts": stamps}, doubt="may be epoch_ms")  # fmt: skip
    rates = ["9000.125", "2.250", *(f"{n}.{n % 8 * 125:03d}" for n in ids[2:])]
    yield Case("decimals.csv", text(table({"id": own, "rate": rates})),
               {"id": ids, "rate": [Decimal(rate) for rate in rates]})  # fmt: skip
    phones = [f"+4930{n:07d}" for n in ids]
    yield Case("phones.csv", text(table({"id": own, "tel": phones})), {"id": ids, "tel": phones})
    names = [f"customer {n % 4}" for n in range(300)]
    yield Case(
        "customers.csv", text(table({"customer": names, "n": ["1"] * 300})), {"customer": names}
    )


def json_cases(random_: random.Random) -> Iterator[Case]:
    """JSON Lines."""
    ids = list(range(1, ROWS + 1))

    def lines(records: Sequence[Any], end: str = "\n") -> str:
        return "".join(json.dumps(record, ensure_ascii=False) + end for record in records)

    stamps = [1_700_000_000_000 + random_.randrange(10**9) for _ in ids]
    users = [{"name": f"ü{n}", "tags": ["a"] * (n % 3)} for n in ids]
    floats = [n / 4 if n % 7 else None for n in ids]
    nested = [
        {"id": n, "ts": ts, "user": user, "x": x}
        for n, ts, user, x in zip(ids, stamps, users, floats, strict=True)
    ]
    values: Values = {"id": ids, "ts": stamps, "user": users, "x": floats}
    yield Case("nested.jsonl", text(lines(nested)), values, doubt="may be epoch_ms")
    yield Case("mark.jsonl", text("\ufeff" + lines(nested, "\r\n")), values)
    yield Case("gaps.jsonl", text(lines(nested).replace("\n", "\n\n", 3)), values)
    yield Case("packed.ndjson.gz", raw(gzip.compress(lines(nested).encode(), mtime=0)), values)
    money = [f"{n}.234,50" for n in ids]
    prices = lines([{"id": n, "m": m} for n, m in zip(ids, money, strict=True)])
    yield Case("money.jsonl", text(prices), {"id": ids, "m": money}, doubt="looks like numbers")
    rare = [{"id": n, **({"rare": "x"} if n % 9 == 0 else {})} for n in ids]
    yield Case(
        "rare.jsonl",
        text(lines(rare)),
        {"id": ids, "rare": ["x" if n % 9 == 0 else None for n in ids]},
    )
    yield Case("lists_of_both.jsonl", text('{"a":[1,"x"]}\n'), refused="no field can be a column")
    yield Case("empty_objects.jsonl", text("{}\n{}\n"), refused="empty objects")
    part = [{"a": [1, "x"], "id": n} for n in ids]
    yield Case("one_odd_field.jsonl", text(lines(part)), {"id": ids})
    yield Case("array.json", text(json.dumps(nested)), refused="a JSON array")
    odd = [{"id": n, "": 1, "*": 2, "a: b": 3, "${x}": 4} for n in ids]
    yield Case(
        "odd_names.jsonl", text(lines(odd)), {"id": ids, "a: b": [3] * ROWS, "${x}": [4] * ROWS}
    )
    days = [{"id": n, "day": f"{n % 28 + 1:02d}.02.2013"} for n in ids]
    yield Case(
        "days.jsonl",
        text(lines(days)),
        {"id": ids, "day": [dt.date(2013, 2, n % 28 + 1) for n in ids]},
    )
    yield Case("lines.txt", text(lines(nested)), values)


def parquet_cases(random_: random.Random) -> Iterator[Case]:
    """Parquet of unlike writers."""
    ids = list(range(1, ROWS + 1))
    moments = [
        dt.datetime(2013, 1, 1) + dt.timedelta(minutes=random_.randrange(10**6)) for _ in ids
    ]
    money = [Decimal(random_.randrange(10**6)) / 100 for _ in ids]
    columns = {
        "id": pa.array(ids),
        "kind": pa.array(["a", "b", None] * (ROWS // 3)).dictionary_encode(),
        "at": pa.array(moments, pa.timestamp("us")),
        "money": pa.array(money, pa.decimal128(9, 2)),
        "tags": pa.array([["x"] * (n % 3) for n in ids]),
        "large": pa.array([f"t{n}" for n in ids], pa.large_string()),
    }
    values: Values = {
        "id": ids, "kind": ["a", "b", None] * (ROWS // 3), "at": moments, "money": money,
        "tags": [["x"] * (n % 3) for n in ids], "large": [f"t{n}" for n in ids],
    }  # fmt: skip
    whole = pa.table(columns)
    for name, options in {
        "snappy": {}, "zstd": {"compression": "zstd"}, "version_1": {"version": "1.0"},
        "pages_2": {"data_page_version": "2.0"}, "groups": {"row_group_size": 7},
    }.items():  # fmt: skip
        yield Case(f"{name}.parquet", _parquet(whole, options), values)
    frame = pl.DataFrame({"id": ids, "x": [n / 8 for n in ids], "name": [f"ü{n}" for n in ids]})
    yield Case("polars.parquet", frame.write_parquet, frame.to_dict(as_series=False))
    yield Case("no_rows.parquet", frame.clear().write_parquet, {})
    half = pa.table({"h": pa.array([1.5, 2.5], pa.float32()).cast(pa.float16())})
    yield Case("half.parquet", _parquet(half, {}), {"h": [1.5, 2.5]})
    lengths = pa.table({"d": pa.array([1, 2], pa.duration("s"))})
    seconds = [dt.timedelta(seconds=1), dt.timedelta(seconds=2)]
    yield Case("lengths.parquet", _parquet(lengths, {}), {"d": seconds})
    fixed = pa.table({"f": pa.array([[1, 2], [3, 4]], pa.list_(pa.int64(), 2))})
    yield Case("fixed.parquet", _parquet(fixed, {}), {"f": [[1, 2], [3, 4]]})
    yield Case("broken_pages.parquet", _broken(whole), refused="damaged Parquet")


def binary_cases(random_: random.Random) -> Iterator[Case]:
    """What is no table of text."""
    noise = bytes(random_.randrange(256) for _ in range(3000))
    workbook = b"PK\x03\x04\x14\0\0\0\x08\0" + b"\0" * 20 + b"xl/workbook.xml" + noise
    sheet = (
        b"PK\x03\x04\x14\0\0\0\0\0"
        + b"\0" * 20
        + b"mimetypeapplication/vnd.oasis.opendocument.sp"
        + noise
    )
    for name, content, said in (
        ("book.xlsx", workbook, "Excel is not supported yet"),
        ("book.csv", workbook, "Excel is not supported yet"),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + noise, "Excel is not supported yet"),
        ("sheet.ods", sheet, "Spreadsheets are not supported yet"),
        (
            "some.zip",
            b"PK\x03\x04\x14\0\0\0\x08\0" + b"\0" * 20 + b"a.csv" + noise,
            "a zip archive",
        ),
        ("page.csv", b"<!DOCTYPE html>\n<html><body>404</body></html>\n", "an HTML page"),
        ("feed.json", b'<?xml version="1.0"?>\n<a/>\n', "XML is not supported yet"),
        ("print.pdf", b"%PDF-1.4\n" + noise, "a PDF document"),
        ("data.db", _sqlite(), "an SQLite database"),
        ("data.avro", b"Obj\x01" + noise, "an Avro file"),
        ("data.orc", b"ORC" + b"\x0a\x03\0\0\0\x12" + noise, "an ORC file"),
        ("data.feather", _arrow(), "Arrow or Feather"),
        ("table.csv", _bytes_of(pa.table({"a": [1]})), "a Parquet file"),
        ("photo.csv", b"\x89PNG\r\n\x1a\n" + noise, "an image"),
        ("noise.csv", b"\1\2\3\4\5\6" + noise, "not text"),
        ("unnamed.csv", gzip.compress(b"a,b\n1,2\n", mtime=0), "Rename it to end in .gz"),
        ("cut.csv.gz", gzip.compress(b"a,b\n" * 999, mtime=0)[:30], "truncated"),
        ("empty.csv", b"", "all files are empty"),
        ("no_parquet.parquet", b"id,name\n1,a\n", "does not begin with PAR1"),
    ):
        yield Case(name, raw(content), refused=said)


def folder_cases(random_: random.Random) -> Iterator[Case]:
    """Folders of files that differ."""
    ids = list(range(1, ROWS + 1))

    def write(files: dict[str, str | pa.Table]) -> Callable[[Path], object]:
        def make(path: Path) -> None:
            path.mkdir()
            for name, content in files.items():
                if isinstance(content, str):
                    (path / name).write_text(content)
                else:
                    pq.write_table(content, path / name)

        return make

    months = {f"{month:02d}.csv": f"id,x\n{month},{month}\n" for month in range(1, 13)}
    extra = {**months, "07.csv": "id,x,note\n7,7,late\n"}
    yield Case("extra_column", write(extra), {"id": ids[:12], "x": ids[:12]},
               doubt='column "note": only in')  # fmt: skip
    fewer = {**months, "07.csv": "id\n7\n"}
    yield Case("missing_column", write(fewer), {"id": ids[:12]},
               doubt='column "x": not in')  # fmt: skip
    floats = {**months, "07.csv": "id,x\n7,7.5\n"}
    mixed = [7.5 if month == 7 else float(month) for month in ids[:12]]
    yield Case("int_and_float", write(floats), {"id": ids[:12], "x": mixed})
    moved = {**months, "07.csv": "x,id\n7,7\n"}
    yield Case("moved_columns", write(moved), {"id": ids[:12], "x": ids[:12]})
    tables: dict[str, str | pa.Table] = {
        "1.parquet": pa.table({"id": [1], "amount": [1]}),
        "2.parquet": pa.table({"id": [2], "amount": [2.5]}),
    }
    yield Case("int_and_float_parquet", write(tables), {"id": [1, 2], "amount": [1.0, 2.5]},
               doubt='column "amount"')  # fmt: skip
    dates = {f"day=2013-01-0{n}": n for n in (1, 2)}
    yield Case(
        "keys", _keyed(dates), {"n": [1, 2], "day": [dt.date(2013, 1, 1), dt.date(2013, 1, 2)]}
    )


def _keyed(folders: dict[str, int]) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        for folder, number in folders.items():
            (path / folder).mkdir(parents=True)
            (path / folder / "part.csv").write_text(f"n\n{number}\n")

    return make


def _parquet(content: pa.Table, options: dict[str, Any]) -> Callable[[Path], object]:
    return lambda path: pq.write_table(content, path, **options)


def _bytes_of(content: pa.Table) -> bytes:
    file = io.BytesIO()
    pq.write_table(content, file)
    return file.getvalue()


def _broken(content: pa.Table) -> Callable[[Path], object]:
    """Write a file whose pages are noise, below a sound footer."""
    data = bytearray(_bytes_of(content))
    data[10:400] = b"\xaa" * 390
    return raw(bytes(data))


def _arrow() -> bytes:
    file = io.BytesIO()
    with pa.ipc.new_file(file, pa.schema([("a", pa.int64())])) as writer:
        writer.write_table(pa.table({"a": [1]}))
    return file.getvalue()


def _sqlite() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.db"
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE t (a int)")
        database.close()
        return path.read_bytes()


def all_cases() -> list[Case]:
    """Return all of them."""
    random_ = random.Random(SEED)
    makers = (
        number_cases, header_cases, footer_cases, text_cases, column_cases, json_cases,
        parquet_cases, binary_cases, folder_cases,
    )  # fmt: skip
    return [case for maker in makers for case in maker(random_)]
