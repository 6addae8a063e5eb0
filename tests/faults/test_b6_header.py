"""B6: a quoted name in the header may hold a line feed where quoted values may."""

from pathlib import Path

import pytest

from ingest.core.errors import ConfigError
from ingest.sources.csv import Csv
from ingest.testing.sources import layout_of, plan, rows_of
from tests.faults.text_job import TextJob


def source(folder: Path, data: str | bytes, **options: object) -> Csv:
    path = folder / "a.csv"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return Csv(type="csv", path=str(path), **options)  # type: ignore[arg-type]


def test_a_name_of_two_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    job = TextJob.at(tmp_path)
    job.write("a.csv", 'id,"amount\n(EUR)",note\n1,5,"a\nb"\n2,6\n')
    output = job.run(multiline=True)
    assert output.columns == ["id", "amount\n(EUR)", "note"]
    assert output.rows == [("1", "5", "a\nb")]
    assert output.reasons == [(5, "too few fields")]


@pytest.mark.parametrize(
    ("data", "names"),
    [
        ('"a\r\nb",c\r\n1,2\r\n', ["a\r\nb", "c"]),
        ('"a\n\n\nb","c\n""d"""\n1,2\n', ["a\n\n\nb", 'c\n"d"']),
        ('title "x\n# "note\n\n"a\n# no note",c\n1,2\n', ["a\n# no note", "c"]),
        ('\ufeff"a\nb",\'c\n1,2\n'.replace("'", ""), ["a\nb", "c"]),
    ],
)
def test_names_of_several_lines(tmp_path: Path, data: str, names: list[str]) -> None:
    skipped = 1 if data.startswith("title") else 0
    reader = source(
        tmp_path, data, multiline=True, comment="#", skip_rows=skipped, blank_lines="skip"
    )
    table = rows_of(reader.read(*plan(reader)))
    assert table.columns == names
    assert table.rows() == [("1", "2")]


def test_without_multiline_the_way_out_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"header: unclosed quote\. .*multiline: true"):
        layout_of(source(tmp_path, 'id,"a\nb"\n1,2\n'))


def test_a_quote_that_never_closes_is_an_error(tmp_path: Path) -> None:
    data = 'id,"a\n' + "1,2\n" * 5000
    with pytest.raises(ConfigError, match="header: unclosed quote"):
        layout_of(source(tmp_path, data, multiline=True))
