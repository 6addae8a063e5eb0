"""A6: an encoding in which a line feed is another byte is refused; all others read their lines."""

import encodings
import pkgutil
from pathlib import Path

import pytest
from pydantic import ValidationError

from ingest.sources.csv import Csv
from ingest.sources.jsonl import Jsonl
from ingest.sources.text.encodings import canonical, is_wide
from ingest.testing.sources import plan, rows_of
from tests.faults.text_job import TextJob

NAMES = sorted({module.name for module in pkgutil.iter_modules(encodings.__path__)})
EBCDIC = ["cp037", "cp1026", "cp1140", "cp273", "cp424", "cp500", "cp875"]


def allowed(name: str) -> bool:
    try:
        canonical(name)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("name", [*EBCDIC, "IBM037", "ebcdic-cp-us"])
def test_ebcdic_is_refused_with_the_way_out(name: str) -> None:
    for source in (Csv, Jsonl):
        with pytest.raises(ValidationError, match=r"for line ends, .* iconv -f .* -t UTF-8"):
            source(type=source.__name__.lower(), path="in", encoding=name)  # type: ignore[arg-type]


def test_a_job_that_names_it_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    job = TextJob.at(tmp_path)
    job.write("a.csv", "id,name\n1,anna\n".encode("cp037"))
    assert "iconv -f CP037 -t UTF-8" in job.refused(encoding="cp037")


@pytest.mark.parametrize("name", [name for name in NAMES if allowed(name)])
def test_every_other_encoding_reads_its_lines(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("id,name\n1,anna\r\n2,\n".encode(name))
    source = Csv(type="csv", path=str(path), encoding=name, columns={"id": "int64"})
    assert rows_of(source.read(*plan(source))).rows() == [(1, "anna"), (2, None)]


@pytest.mark.parametrize("name", [name for name in NAMES if allowed(name)])
def test_no_other_byte_of_it_is_a_line_end(name: str) -> None:
    if is_wide(canonical(name)):
        return
    for byte in range(256):
        text = bytes([byte]).decode(name, errors="replace")
        assert (text in {"\n", "\r"}) == (byte in {0x0A, 0x0D})
