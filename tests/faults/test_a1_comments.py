"""A1: a comment, an empty or an ignored line is told before quotes join lines, and not within."""

import gzip
from pathlib import Path

import pytest

from tests.faults.text_job import TextJob

PIPES = 'id,note\n1,"two\nlines"\n2,b\n# pipes of 5" only\n3,c\n4,d\n'
ROWS = [("1", "two\nlines"), ("2", "b"), ("3", "c"), ("4", "d")]


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TextJob:
    monkeypatch.chdir(tmp_path)
    return TextJob.at(tmp_path)


def test_a_comment_with_a_quote_swallows_nothing(job: TextJob) -> None:
    job.write("a.csv", PIPES)
    output = job.run(multiline=True, comment="#")
    assert output.rows == ROWS
    assert output.read == 4
    assert output.rejects == []


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16"])
@pytest.mark.parametrize("packed", [False, True])
def test_however_the_file_is_written(job: TextJob, encoding: str, packed: bool) -> None:
    data = PIPES.replace("\n", "\r\n").encode(encoding)
    job.write("a.csv.gz" if packed else "a.csv", gzip.compress(data, mtime=0) if packed else data)
    output = job.run(multiline=True, comment="#", encoding=encoding)
    assert output.rows == [("1", "two\r\nlines"), *ROWS[1:]]


def test_an_ignored_line_with_a_quote_swallows_nothing(job: TextJob) -> None:
    job.write("a.csv", PIPES.replace("#", "Total:"))
    output = job.run(multiline=True, ignore_rows="^Total:")
    assert output.rows == ROWS
    assert output.filtered == {"matches ignore_rows": 1}
    assert output.read == 5


def test_skipped_and_empty_lines_swallow_nothing(job: TextJob) -> None:
    job.write("a.csv", f'made by "x\n{PIPES}\n\n"5\n\n\n",e\n')
    output = job.run(multiline=True, skip_rows=1, comment="#", blank_lines="skip")
    assert output.rows == [*ROWS, ("5\n\n\n", "e")]


def test_what_looks_like_a_comment_within_quotes_is_part_of_the_value(job: TextJob) -> None:
    job.write("a.csv", 'id,note\n1,"a\n# b\n\nTotal: c"\n# 2,"x\n3,d\n')
    output = job.run(multiline=True, comment="#", blank_lines="skip", ignore_rows="^Total")
    assert output.rows == [("1", "a\n# b\n\nTotal: c"), ("3", "d")]
    assert output.rejects == []


def test_a_comment_opens_no_quote_where_values_hold_no_line_feeds_either(job: TextJob) -> None:
    job.write("a.csv", 'id,note\n1,a\n#,"only\n2,b\n')
    assert job.run(comment="#").rows == [("1", "a"), ("2", "b")]


def test_comments_before_the_header_may_hold_quotes(job: TextJob) -> None:
    job.write("a.csv", f'# a "\n{PIPES}')
    assert job.run(multiline=True, comment="#").rows == ROWS
