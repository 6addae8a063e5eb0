"""A11: totals at a file's end, and rows that match a pattern, are no records; they are counted."""

import gzip
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.csv import Csv
from ingest.sources.jsonl import Jsonl
from ingest.sources.text.footers import footer_start, last_lines, without_footer
from ingest.sources.text.source import TextSource
from ingest.testing.sources import pack, plan, records_of, rows_of
from tests.faults.text_job import TextJob

SALES = "id;n;eur\n1;2;3,5\n2;1;4,0\nSumme;;7,5\n"
ROWS = [("1", "2", "3,5"), ("2", "1", "4,0")]


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TextJob:
    monkeypatch.chdir(tmp_path)
    return TextJob.at(tmp_path)


def read(reader: TextSource, *cuts: int) -> tuple[list[Any], dict[str, int]]:
    """Return rows and what was filtered, which must be the same however the file is cut."""
    partition, layout = plan(reader)
    whole = records_of(reader, partition, layout)
    found = reader.read(partition, layout)
    for target in cuts or (1, 2, 3, 7, 13, 40):
        cut = pack(list(reader.slices(target)))
        assert records_of(reader, cut, layout) == whole, target
        again = reader.read(cut, layout)
        assert (again.records, again.filtered) == (found.records, found.filtered), target
    return rows_of(found).rows(), dict(found.filtered)


def test_a_footer_is_skipped_and_counted(job: TextJob) -> None:
    job.write("a.csv", SALES)
    job.write("b.csv.gz", gzip.compress(SALES.encode() + b"\r\n\n", mtime=0))
    output = job.run(delimiter=";", skip_footer=1)
    assert output.rows == ROWS * 2
    assert output.rejects == []
    assert output.filtered == {"footer": 4}
    assert output.read == 8
    assert "4 rows  while reading: footer" in output.summary


def test_rows_that_match_are_ignored_and_counted(job: TextJob) -> None:
    job.write("a.csv", SALES + "3;1;1,0\nTotal;;8,5\n")
    output = job.run(delimiter=";", ignore_rows="^(Summe|Total);")
    assert output.rows == [*ROWS, ("3", "1", "1,0")]
    assert output.filtered == {"matches ignore_rows": 2}
    assert "2 rows  while reading: matches ignore_rows" in output.summary


@pytest.mark.parametrize("more", ["", "\n", "\n\n", "\r\n\r\n"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_empty_lines_at_the_end_are_not_counted(tmp_path: Path, more: str, ends: str) -> None:
    text = SALES.rstrip().replace("\n", ends) + more
    (tmp_path / "a.csv").write_bytes(text.encode())
    reader = Csv(type="csv", path=str(tmp_path), delimiter=";", skip_footer=1)
    rows, filtered = read(reader)
    assert rows == ROWS
    assert filtered["footer"] == max(1, more.count("\n"))


@pytest.mark.parametrize("options", [{"multiline": True}, {"encoding": "utf-16"}, {}])
def test_the_footer_is_cut_off_before_quotes_are_joined(tmp_path: Path, options: Any) -> None:
    text = 'id,note\n1,a\n2,"b\nc"\nsum "of\n2 rows\n'
    (tmp_path / "a.csv").write_bytes(text.encode(options.get("encoding", "utf-8")))
    reader = Csv(type="csv", path=str(tmp_path), skip_footer=2, **options)
    rows, filtered = read(reader)
    assert rows[0] == ("1", "a")
    assert (len(rows) == 2) == ("multiline" in options)
    assert filtered == {"footer": 2}


def test_a_footer_longer_than_the_file_takes_all_but_the_header(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,n\n1,2\n")
    assert read(Csv(type="csv", path=str(tmp_path), skip_footer=9)) == ([], {"footer": 1})


def test_a_footer_of_long_lines(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,n\n" + "1,2\n" * 9 + f"{'x' * 300_000}\n{'y' * 90_000}")
    reader = Csv(type="csv", path=str(tmp_path), skip_footer=2)
    assert read(reader, 10_000, 100_000, 350_000) == ([("1", "2")] * 9, {"footer": 2})


def test_types_and_names_are_not_taken_from_footers(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,2\nsum,2,3\n")
    reader = Csv(type="csv", path=str(tmp_path), header=False, infer=True, skip_footer=1)
    assert read(reader)[0] == [(1, 2)]
    (tmp_path / "a.csv").write_text("sum,3,4\n1,2\n")
    ignoring = Csv(type="csv", path=str(tmp_path), header=False, infer=True, ignore_rows="^sum")
    assert read(ignoring)[0] == [(1, 2)]


def test_all_lines_that_are_no_records_at_once(tmp_path: Path) -> None:
    text = "title\n# x\nid,n\n1,2\n# y\n\nsum,2\nid,n\n3,z\n4,5\nsum,7\nend\n"
    (tmp_path / "a.csv").write_text(text)
    reader = Csv(
        type="csv", path=str(tmp_path), columns={"n": "int64"}, skip_rows=1, comment="#",
        blank_lines="skip", ignore_rows="^sum", repeated_headers="ignore", skip_footer=1,
    )  # fmt: skip
    rows, filtered = read(reader)
    assert rows == [("1", 2), ("4", 5)]
    assert filtered == {"footer": 1, "matches ignore_rows": 2, "repeated header": 1}
    rejects = reader.read(*plan(reader)).rejects
    assert rejects is not None
    assert rejects.frame.select("line", "reason").rows() == [(9, "not an int64")]


def test_json_lines_too(job: TextJob) -> None:
    job.write("a.jsonl", '{"a":1}\n// note\n\n{"a":2}\n{"rows":2}\n')
    output = job.run("jsonl", ignore_rows="^//", skip_footer=1, blank_lines="skip")
    assert output.rows == [(1,), (2,)]
    assert output.filtered == {"footer": 1, "matches ignore_rows": 1}
    reader = Jsonl(type="jsonl", path=str(job.bench.place / "in"), ignore_rows="^//", skip_footer=1)
    assert read(reader)[1] == {"footer": 1, "matches ignore_rows": 1}


def test_a_pattern_that_is_none_is_refused(job: TextJob) -> None:
    job.write("a.csv", SALES)
    assert '"(a": not a regular expression' in job.refused(ignore_rows="(a").replace(
        '"(a" is not', '"(a": not'
    )


@given(st.lists(st.sampled_from([b"a", b"\n", b"\r\n", b"bc"]), max_size=30), st.integers(1, 4))
def test_the_footer_begins_at_the_same_place_however_it_is_sought(
    pieces: list[bytes], lines: int
) -> None:
    data = b"".join(pieces)
    cut = last_lines(data, lines)
    assert footer_start(io.BytesIO(data), len(data), 0, lines) == cut
    ended = data.splitlines(keepends=True)
    kept = [line for line in ended[: data.rstrip().count(b"\n") + 1] if data.strip()]
    assert data[:cut] == b"".join(kept[:-lines])
    for size in (1, 2, 5):
        chunks = [b"".join(ended[start : start + size]) for start in range(0, len(ended), size)]
        parts = list(without_footer(iter(chunks), lines))
        assert b"".join(part for part, footer in parts if not footer) == data[:cut]
        assert b"".join(part for part, footer in parts if footer) == data[cut:]
