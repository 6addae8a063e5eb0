"""25,000 malformed records: each is parsed as the rules say, or rejected with its exact line."""

import csv
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from ingest.core.rows import POSITION
from ingest.sources.csv import Csv
from ingest.sources.jsonl import Jsonl
from ingest.sources.text.open_quotes import REACH
from ingest.sources.text.source import TextSource
from ingest.testing.sources import assert_balanced, layout_of, pack

pytestmark = pytest.mark.usefixtures("reader")

RECORDS = 25_000
WORDS = [
    "a",
    "x y",
    "é",
    "5",
    "-12",
    "1e3",
    " 7",
    "007",
    "",
    '""',
    '"a,b"',
    '"q""q"',
    "NULL",
    "9" * 20,
]
DAMAGE = [
    b'"',
    b"\0",
    b"\xff",
    b",",
    b",,",
    b'"x"y',
    b"\r",
    b"\\",
    b"{",
    b"}",
    b"[",
    b":",
    b"\xc3",
    b"1",
]

Parsed = tuple[Any, ...] | None
"""The values of a row, or None for a reject."""


def damaged(line: bytes, chance: random.Random) -> bytes:
    """Cut a piece out, put one in, or both, at random places."""
    for _ in range(chance.randint(0, 2)):
        at = chance.randint(0, len(line))
        line = line[:at] + chance.choice(DAMAGE) + line[at + chance.randint(0, 3) :]
    return line.replace(b"\n", b"")


def csv_line(chance: random.Random) -> bytes:
    return damaged(",".join(chance.choices(WORDS, k=3)).encode(), chance)


def csv_expected(line: bytes) -> Parsed:
    """What Python's csv module says, with quotes in unquoted fields refused besides."""
    try:
        text = line.decode().rstrip("\r")
        fields = split(text)
    except (UnicodeDecodeError, csv.Error, StopIteration):
        return None
    if "\0" in text or len(fields) != 3 or has_stray_sign(text):
        return None
    if not re.fullmatch(r"[+-]?[0-9]*", fields[0], re.ASCII) or fields[0] in {"+", "-"}:
        return None
    number = int(fields[0]) if fields[0] else None
    if number is not None and not -(2**63) <= number < 2**63:
        return None
    return (number, fields[1], fields[2])


def split(text: str) -> list[str]:
    """Split by the csv module, which refuses the carriage returns that here are literal."""
    fields = next(csv.reader([text.replace("\r", "\x02")], strict=True))
    return [field.replace("\x02", "\r") for field in fields]


def has_stray_sign(text: str) -> bool:
    bare = re.sub(r'(?:(?<=,)|^)"(?:[^"]|"")*"(?=,|$)', "", text)
    return '"' in bare or "\r" in bare


def csv_all_expected(lines: list[bytes]) -> list[Parsed]:
    """What each line is, if those within an open quote are none."""
    expected: list[Parsed] = []
    since, place = None, 0
    for line in lines:
        text = line.decode(errors="backslashreplace").rstrip("\r")
        if since is not None and place - since > REACH:
            since = None
        inside = None if since is None else walked(text, inside=True)
        if inside in {"open", "closed"}:
            expected.append(None)
        else:
            expected.append(csv_expected(line))
            since = place if walked(text, inside=False) == "open" else None
        since = None if inside == "closed" else since
        place += len(line) + 1
    return expected


def walked(text: str, *, inside: bool) -> str:
    """Say how a line ends that begins inside or outside quotes, character by character."""
    state = "quoted" if inside else "start"
    for char in text:
        if char == '"' and state != "bare":
            state = "closed" if state == "quoted" else "quoted"
        elif char == "," and state != "quoted":
            state = "start"
        elif char == '"' or state == "closed":
            return "broken"
        elif state == "start":
            state = "bare"
    return "open" if state == "quoted" else "closed"


def json_line(chance: random.Random) -> bytes:
    values: list[Any] = [
        1,
        -5,
        2.5,
        True,
        None,
        "x",
        "é\n",
        2**63,
        [],
        ["a", None],
        [1],
        {},
        {"x": 1},
    ]
    record = {
        name: chance.choice(values)
        for name in chance.sample(["id", "name", "tags", "in", "other"], chance.randint(1, 4))
    }
    likely = {"id": chance.randint(-9, 9), "name": chance.choice(["x", "é"]), "tags": ["t"]}
    record = chance.choice([record, likely, {**likely, "in": {"x": 0.5}}])
    return damaged(json.dumps(record, ensure_ascii=chance.random() < 0.5).encode(), chance)


def json_expected(line: bytes) -> Parsed:
    """What Python's json module says, and the types of the columns."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise ValueError("twice")
        return dict(pairs)

    try:
        text = line.decode()
        record = json.loads(text, object_pairs_hook=unique, parse_constant=int)
        json.dumps(record, ensure_ascii=False).encode()
    except ValueError:
        return None
    if not isinstance(record, dict) or "\0" in text or set(record) - {"id", "name", "tags", "in"}:
        return None
    number, name, tags, inner = (record.get(key) for key in ("id", "name", "tags", "in"))
    good = (
        (number is None or (type(number) is int and -(2**63) <= number < 2**63))
        and (name is None or isinstance(name, str))
        and (
            tags is None
            or (isinstance(tags, list) and all(isinstance(t, str | None) for t in tags))
        )
        and (inner is None or (isinstance(inner, dict) and not set(inner) - {"x"}))
        and type((inner or {}).get("x")) in {int, float, type(None)}
    )
    if not good:
        return None
    x = (inner or {}).get("x")
    whole = None if inner is None else {"x": None if x is None else float(x)}
    return (number, name, tags, whole)


def csv_source(path: Path) -> TextSource:
    columns = {"id": "int64"}
    names = ("id", "name", "note")
    return Csv(type="csv", path=str(path), header=names, columns=columns, null_values=("",))


def json_source(path: Path) -> TextSource:
    return Jsonl(type="jsonl", path=str(path))


JSON_TYPES = {"id": 1, "name": "x", "tags": ["t"], "in": {"x": 0.5}}


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_every_malformed_record_is_a_row_or_a_reject_on_its_line(kind: str, tmp_path: Path) -> None:
    chance = random.Random(13)
    lines = [(csv_line if kind == "csv" else json_line)(chance) for _ in range(RECORDS)]
    expected = csv_all_expected(lines) if kind == "csv" else [json_expected(line) for line in lines]
    path = tmp_path / f"a.{kind}"
    if kind == "jsonl":
        path.write_text(json.dumps(JSON_TYPES))
    else:
        path.write_text("1,a,b")
    source = csv_source(path) if kind == "csv" else json_source(path)
    layout = layout_of(source)
    path.write_bytes(b"\n".join(lines) + b"\n")
    partition = pack(list(source.slices(100_000)))
    read = source.read(partition, layout)
    assert_balanced(read)
    assert read.records == RECORDS
    assert read.rejects is not None

    rows = read.frame.collect()
    places = source.locate(partition, layout, rows[POSITION])
    values = rows.drop(POSITION).rows()
    if kind == "csv":
        values = [(number, name or "", note or "") for number, name, note in values]
    parsed = dict(zip(places["line"], values, strict=True))
    rejected = dict(read.rejects.frame.select("line", "reason").rows())
    assert len(parsed) + len(rejected) == RECORDS
    for number, (line, wanted) in enumerate(zip(lines, expected, strict=True), 1):
        got = parsed.get(number)
        assert got == wanted, (number, line, got, wanted, rejected.get(number))
    assert 0.1 < len(rejected) / RECORDS < 0.9, "the generator makes both"
    assert len(set(rejected.values())) > 5, "and breaks records in many ways"
