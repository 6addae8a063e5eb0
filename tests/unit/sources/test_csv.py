"""CSV files: what is a row, what is a reject, and what is an error."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from ingest.core.errors import BadRowError, ConfigError
from ingest.core.rows import POSITION
from ingest.sources.base import Layout, Read
from ingest.sources.csv import Csv
from ingest.testing.sources import assert_balanced, layout_of, pack, plan, rows_of

pytestmark = pytest.mark.usefixtures("reader")


def source(path: Path, **options: Any) -> Csv:
    return Csv(type="csv", path=str(path), **options)


def write(folder: Path, content: bytes | str, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(reader: Csv) -> Read:
    found = reader.read(*plan(reader))
    assert_balanced(found)
    return found


def rejected(found: Read) -> list[tuple[Any, ...]]:
    if found.rejects is None:
        return []
    return found.rejects.frame.select("line", "column", "reason", "original").rows()


def test_columns_are_strings_unless_somebody_types_them(tmp_path: Path) -> None:
    reader = source(write(tmp_path, "a,b,c\n1,2,3\n"), columns={"a": "int64"})
    layout = reader.layout(list(reader.slices(100)), {"b": pl.Float64(), "a": pl.String()})
    assert layout.columns == {"a": pl.Int64(), "b": pl.Float64(), "c": pl.String()}
    assert layout.notes == {
        "a": "source.columns",
        "b": "contract",
        "c": "string: no type is set",
    }
    partition = pack(list(reader.slices(100)))
    assert rows_of(reader.read(partition, layout)).rows() == [(1, 2.0, "3")]


def test_types_are_inferred_from_all_sampled_files(tmp_path: Path) -> None:
    write(tmp_path, "n,code,f,day,at,b,e\n1,007,1,2024-01-31,2024-01-31T10:00:00,true,\n")
    write(tmp_path, "e,n,code,f,day,at,b\n,,x,2.5,,,FALSE\n", "b.csv")
    layout = layout_of(source(tmp_path, infer=True))
    assert layout.columns == {
        "n": pl.Int64(), "code": pl.String(), "f": pl.Float64(), "day": pl.Date(),
        "at": pl.Datetime("us"), "b": pl.Boolean(), "e": pl.String(),
    }  # fmt: skip
    assert layout.notes["f"] == "inferred from 2 rows"


def test_a_malformed_record_is_a_reject_with_its_line_and_text(tmp_path: Path) -> None:
    content = b'id,n\n1,a\n2\n3,b,c\n4,"x\n5,"x"y\n6,x"y\n7,\xff\n8,\x00\n\n9,z\n'
    found = read(source(write(tmp_path, content)))
    assert rows_of(found).rows() == [("1", "a"), ("9", "z")]
    assert rejected(found) == [
        (3, None, "too few fields", "2"),
        (4, None, "too many fields", "3,b,c"),
        (5, None, "unclosed quote", '4,"x'),
        (6, None, "text after a closing quote", '5,"x"y'),
        (7, None, "quote inside an unquoted field", '6,x"y'),
        (8, None, "not utf-8", "7,\\xff"),
        (9, None, "NUL byte", "8,\x00"),
        (10, None, "blank line", ""),
    ]


def test_a_text_that_is_no_value_is_a_reject_for_its_column(tmp_path: Path) -> None:
    types = {"id": "int8", "day": {"type": "date", "format": "%d.%m.%Y"}}
    path = write(tmp_path, "id,day\n1,31.01.2024\n300,31.01.2024\n 2,x\n3,2024-01-31\n")
    found = read(source(path, columns=types))
    assert rows_of(found)["id"].to_list() == [1]
    assert rejected(found) == [
        (3, "id", "not an int8", "300,31.01.2024"),
        (4, "id", "not an int8", " 2,x"),
        (5, "day", "not a date", "3,2024-01-31"),
    ]


def test_an_empty_line_is_a_row_of_a_single_column(tmp_path: Path) -> None:
    path = write(tmp_path, 'n\na\n\n""\n')
    assert rows_of(read(source(path)))["n"].to_list() == ["a", None, ""]
    skipping = read(source(path, blank_lines="skip"))
    assert rows_of(skipping)["n"].to_list() == ["a", ""]
    assert skipping.records == 2


def test_nulls_are_what_the_options_say(tmp_path: Path) -> None:
    path = write(tmp_path, 's,n\n,\n"",""\nNA,NA\n"NA",7\n')
    assert rows_of(read(source(path, columns={"n": "int64"}, null_values=("", "NA")))).rows() == [
        (None, None), ("", None), (None, None), (None, 7)
    ]  # fmt: skip
    without = read(source(path, columns={"n": "int64"}, null_values=()))
    assert rows_of(without).rows() == [("NA", 7)]
    assert [reject[2] for reject in rejected(without)] == ["not an int64"] * 3


def test_a_column_may_have_nulls_of_its_own(tmp_path: Path) -> None:
    path = write(tmp_path, "country,n\nDE,NA\nNA,7\n,-\n")
    columns = {"country": {"type": "string", "null_values": ["-"]}, "n": "int64"}
    found = read(source(path, columns=columns, null_values=("", "NA", "-")))
    assert rows_of(found).rows() == [("DE", None), ("NA", 7), (None, None)]


def test_marks_and_line_ends_are_no_part_of_the_values(tmp_path: Path) -> None:
    path = write(tmp_path, b'\xef\xbb\xbfa,b\r\n1,"x\r"\r\n2,y\rz\r\n3,"w"')
    found = read(source(path))
    assert rows_of(found).rows() == [("1", "x\r"), ("3", "w")]
    assert rejected(found) == [(3, None, "carriage return outside quotes", "2,y\rz")]


def test_columns_of_another_file_may_stand_in_another_order(tmp_path: Path) -> None:
    write(tmp_path, "a,b\n1,2\n")
    write(tmp_path, "b,a\n2,1\n", "b.csv")
    assert rows_of(read(source(tmp_path))).rows() == [("1", "2"), ("1", "2")]


def test_another_header_in_a_later_file_is_an_error(tmp_path: Path) -> None:
    for number in range(1, 9):
        header = "a,c,d" if number == 7 else "a,b"
        write(tmp_path, f"{header}\n1,2\n", f"{number}.csv")
    reader = source(tmp_path)
    slices = list(reader.slices(100))
    layout = reader.layout(slices[:3], {})
    with pytest.raises(
        BadRowError,
        match=r'7\.csv: other columns than planned by .*1\.csv: missing: "b"; new: "c", "d"',
    ):
        reader.read(pack(slices), layout)


def test_a_name_that_stands_twice_is_refused_when_the_plan_is_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='"a" occurs more than once'):
        plan(source(write(tmp_path, "a,b,a\n1,2,3\n")))


def test_a_name_that_stands_twice_in_a_later_file_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "a,b\n1,2\n")
    write(tmp_path, "a,b,b\n1,2,3\n", "b.csv")
    reader = source(tmp_path)
    slices = list(reader.slices(100))
    layout = reader.layout(slices[:1], {})
    with pytest.raises(BadRowError, match='"b" occurs more than once'):
        reader.read(pack(slices), layout)


def test_a_column_that_is_not_in_the_header_is_refused_with_the_nearest_name(
    tmp_path: Path,
) -> None:
    with pytest.raises(ConfigError, match=r'no such column "amuont". Did you mean "amount"'):
        plan(source(write(tmp_path, "id,amount\n1,2\n"), columns={"amuont": "int64"}))


def test_empty_files_hold_no_records(tmp_path: Path) -> None:
    write(tmp_path, "")
    write(tmp_path, "a,b\n", "b.csv")
    write(tmp_path, "b,a\n1,2\n", "c.csv")
    found = read(source(tmp_path))
    assert rows_of(found).rows() == [("2", "1")]
    assert found.records == 1


def test_nothing_but_empty_files_needs_names(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    with pytest.raises(ConfigError, match="the columns are unknown"):
        plan(source(path))
    found = read(source(path, columns={"a": "int64"}))
    assert rows_of(found).schema == {"a": pl.Int64()}
    assert found.records == 0


def test_names_come_from_the_header_the_option_or_the_place(tmp_path: Path) -> None:
    path = write(tmp_path, "x,,z\n1,2,3\n")
    assert list(layout_of(source(path)).columns) == ["x", "column_2", "z"]
    bare = read(source(path, header=False))
    assert rows_of(bare).columns == ["column_1", "column_2", "column_3"]
    assert bare.records == 2
    given = read(source(path, header=("p", "q", "r"), skip_rows=1))
    assert rows_of(given).to_dicts() == [{"p": "1", "q": "2", "r": "3"}]


def test_lines_before_the_header_and_comments_are_no_records(tmp_path: Path) -> None:
    path = write(tmp_path, 'exported by "x\n\n# note\na;b\n# more\n1;2\nbad\n')
    reader = source(path, skip_rows=2, comment="#", delimiter=";")
    found = read(reader)
    assert rows_of(found).rows() == [("1", "2")]
    assert rejected(found) == [(7, None, "too few fields", "bad")]


def test_quoted_line_feeds_need_multiline(tmp_path: Path) -> None:
    path = write(tmp_path, 'a,b\n1,"x\ny"\n2,z\n3,"open\n4,w\n')
    strict = read(source(path))
    assert rows_of(strict).rows() == [("2", "z")]
    assert [reject[:3] for reject in rejected(strict)] == [
        (2, None, "unclosed quote"),
        (3, None, "inside an unclosed quote"),
        (5, None, "unclosed quote"),
        (6, None, "inside an unclosed quote"),
    ]
    multiline = read(source(path, multiline=True))
    assert rows_of(multiline).rows() == [("1", "x\ny"), ("2", "z")]
    assert rejected(multiline) == [(5, None, "unclosed quote", '3,"open\n4,w')]


def test_a_record_that_is_too_long_is_a_reject_with_its_beginning(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b\n1,2\n" + "x" * 300_000 + ",y\n3,4\n")
    reader = source(path, max_record_bytes=100_000)
    for target in (1_000_000, 10_000):
        found = reader.read(pack(list(reader.slices(target))), layout_of(reader))
        assert found.rejects is not None
        assert found.rejects.frame.select("line", "reason").rows() == [(3, "record too long")]
        assert found.rejects.frame["original"][0] == "x" * 65_536
        assert rows_of(found).rows() == [("1", "2"), ("3", "4")]


def test_a_line_of_200_mb_is_one_reject(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.write(b"a\n1\n")
        for _ in range(200):
            file.write(b"y" * 1_000_000)
        file.write(b"\n2\n")
    reader = source(path)
    slices = list(reader.slices(64 * 1024**2))
    found = reader.read(pack(slices), layout_of(reader))
    assert len(slices) == 3
    assert rows_of(found)["a"].to_list() == ["1", "2"]
    assert rejected(found) == [(3, None, "record too long", "y" * 65_536)]


def test_bytes_of_another_encoding_are_rejects_on_their_lines(tmp_path: Path) -> None:
    path = write(tmp_path, "n,v\nä,1\n".encode("cp1252") + b"\x81,2\n")
    found = read(source(path, encoding="cp1252"))
    assert rows_of(found).rows() == [("ä", "1")]
    assert rejected(found) == [(3, None, "not cp1252", "\\x81,2")]
    with pytest.raises(ConfigError, match="byte-order mark of UTF-16"):
        plan(source(write(tmp_path, "a\n1\n".encode("utf-16"), "b.csv")))
    with pytest.raises(ConfigError, match=r"not utf-16: .* Set source.encoding"):
        plan(source(write(tmp_path, "id,n\n1,22\n", "plain.csv"), encoding="utf-16"))
    cut = write(tmp_path, "a\n1\n".encode("utf-16")[:-1], "c.csv")
    with pytest.raises(BadRowError, match="not utf-16 at byte"):
        source(cut, encoding="utf-16").read(
            pack(list(source(cut, encoding="utf-16").slices(99))),
            Layout({"a": pl.String()}, {"header": ["a"], "folder_keys": []}),
        )


@pytest.mark.parametrize("name", ["utf-9", "rot13", "unicode_escape", "idna"])
def test_only_encodings_of_plain_text_are_allowed(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="no such encoding"):
        source(tmp_path, encoding=name)


def test_folder_keys_are_columns(tmp_path: Path) -> None:
    for day, folder in (("1", "d=2024-01-31/k=a%2Fb"), ("2", "d=__HIVE_DEFAULT_PARTITION__/k=c")):
        (tmp_path / folder).mkdir(parents=True)
        write(tmp_path / folder, f"n\n{day}\n")
    rows = rows_of(read(source(tmp_path, columns={"d": "date"})))
    assert rows.select(pl.col("d").cast(pl.String), "k", "n").sort("n").rows() == [
        ("2024-01-31", "a/b", "1"), (None, "c", "2")
    ]  # fmt: skip
    assert rows_of(read(source(tmp_path, hive_partitions=False))).columns == ["n"]


def test_a_folder_key_never_hides_a_column_of_the_data(tmp_path: Path) -> None:
    (tmp_path / "n=1").mkdir()
    write(tmp_path / "n=1", "n\n1\n")
    with pytest.raises(ConfigError, match='hive_partitions: "n" is also a column'):
        plan(source(tmp_path))


def test_files_in_folders_of_other_keys_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "d=1").mkdir()
    (tmp_path / "e=1").mkdir()
    write(tmp_path / "d=1", "n\n1\n")
    write(tmp_path / "e=1", "n\n1\n")
    with pytest.raises(
        ConfigError, match=r'e=1/a\.csv" is not in a folder with the key "d", but .*d=1/a\.csv" is'
    ):
        plan(source(tmp_path))
    reader = source(tmp_path)
    slices = list(reader.slices(100))
    with pytest.raises(
        BadRowError, match=r'd=1/a\.csv" is not in a folder with the key "e", but .*e=1/a\.csv" is'
    ):
        reader.read(pack(slices), reader.layout(slices[:1], {}))


def test_a_folder_key_that_is_no_value_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "d=soon").mkdir()
    write(tmp_path / "d=soon", "n\n1\n")
    with pytest.raises(BadRowError, match='folder key "d": "soon" is not a date'):
        read(source(tmp_path, columns={"d": "date"}))


def test_file_columns_say_where_rows_come_from(tmp_path: Path) -> None:
    path = write(tmp_path, "n\n1\n")
    row = rows_of(read(source(path, include_file_columns=True))).to_dicts()[0]
    assert row["_file_path"] == str(path)
    assert row["_file_name"] == "a.csv"
    assert row["_file_size"] == 4
    assert abs(row["_file_modified"].timestamp() - path.stat().st_mtime) < 1e-5


def test_nested_types_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a CSV field cannot be list<int64>"):
        plan(source(write(tmp_path, "a\n1\n"), columns={"a": "list<int64>"}))


def test_many_small_files_in_one_partition_keep_their_places(tmp_path: Path) -> None:
    for number in range(300):
        write(tmp_path, f"id,v\n{number},x\n{number},y,z\n", f"{number:03}.csv")
    reader = source(tmp_path, columns={"id": "int64"})
    partition, layout = plan(reader)
    found = reader.read(partition, layout)
    rows = found.frame.collect()
    assert rows["id"].to_list() == list(range(300))
    assert (rows[POSITION] // 2**40).to_list() == list(range(300))
    assert found.rejects is not None
    assert found.rejects.frame["line"].to_list() == [3] * 300
