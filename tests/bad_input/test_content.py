"""Files that are not what they seem: each is named, with its line, and nothing is published."""

import gzip

import polars as pl
import pytest

from tests.bad_input.bench import AT_ONCE, HEADER, assert_refused, assert_rejected, records

ROWS = 20_000
"""So many that the plan, which looks for the header, does not come to the end of a file."""
ALONE = {"execution": {"partition_bytes": 40, "retry": AT_ONCE}}
"""Every file of four rows is a partition of its own."""


def packed(number, share):
    data = gzip.compress((HEADER + records(number, ROWS)).encode(), mtime=0)
    return data[: int(len(data) * share)]


def test_a_truncated_gzip_that_the_plan_looks_into(bench):
    bench.fill(1)
    bench.write("2.csv.gz", packed(2, 0.5))
    said = "2.csv.gz: the gzip archive is truncated"
    assert_refused(
        bench, bench.run(), "conf/job/orders.yaml:5: source:", said, "Download or copy the file"
    )


def test_a_truncated_gzip_that_only_a_worker_reads_to_its_end(bench):
    for number in range(30):
        bench.write(f"{number:02}.csv.gz", packed(number, 0.9 if number == 17 else 1))
    bench.describe(contract={"columns": {"id": "int64"}}, **ALONE)
    assert_rejected(
        bench,
        bench.run(),
        "17.csv.gz: the gzip archive is truncated",
        "Download or copy the file again",
    )
    bench.write("17.csv.gz", packed(17, 1))
    assert bench.run("--fresh").code == 0
    assert len(bench.rows) == 30 * ROWS
    assert bench.staged == set()


def test_a_truncated_gzip_is_not_set_aside(bench):
    """Which rows are lost with its tail nobody knows, so that no budget can hold them."""
    bench.fill(30)
    bench.write("17.csv.gz", packed(17, 0.9))
    bench.describe(contract={"on_error": "quarantine"})
    assert_rejected(bench, bench.run(), "17.csv.gz: the gzip archive is truncated")


@pytest.mark.parametrize("files", [3, 30], ids=["few", "many"])
def test_a_parquet_file_with_a_damaged_footer(bench, files):
    for number in range(files):
        pl.DataFrame({"id": [number], "n": [2]}).write_parquet(bench.place / f"in/{number:02}.pq")
    file = bench.place / "in" / f"{files // 2 + files % 2:02}.pq"
    whole = file.read_bytes()
    file.write_bytes(whole[:-20] + b"\xff" * 12 + whole[-8:])
    bench.describe(source={"type": "parquet", "path": "in"})
    said = f"{file}: not a complete Parquet file: "
    assert_refused(bench, bench.run(), said, "Download or copy the file again")
    file.write_bytes(whole)
    assert bench.run("--fresh").code == 0
    assert len(bench.rows) == files


def test_another_header_in_file_7(bench):
    bench.fill(9)
    bench.write("7.csv", "id,nome,n\n" + records(7))
    said = 'path: "in/7.csv": other columns than "in/1.csv": missing: "name"; new: "nome". '
    assert_refused(bench, bench.run(), said, "{missing_columns: null, new_columns: ignore}")


def test_the_same_columns_in_another_order_in_file_7(bench):
    bench.fill(9)
    bench.write("7.csv", "n,id,name\n7,700,x\n")
    assert bench.run().code == 0
    assert '[700, "x", 7]' in bench.rows


def test_a_csv_column_of_another_type_in_file_9(bench):
    bench.fill(9)
    bench.write("9.csv", HEADER + "900,a,1\n901,b,many\n")
    said = f'{bench.place}/in/9.csv:3: n: not an int8: "many"\nFix the input, or quarantine such '
    assert_rejected(bench, bench.run(), said + "rows: contract.on_error=quarantine")


@pytest.mark.parametrize("files", [9, 30], ids=["few", "many"])
def test_a_parquet_column_of_another_type_in_file_9(bench, files):
    for number in range(1, files + 1):
        rows = pl.DataFrame({"id": [number], "n": ["x" if number == 9 else 2]}, strict=False)
        rows.write_parquet(bench.place / f"in/{number:02}.parquet")
    bench.describe(source={"type": "parquet", "path": "in"}, contract={})
    assert_refused(bench, bench.run(), '"in/09.parquet": column "n" is string', "int64 in")
    bench.describe(source={"type": "parquet", "path": "in"})
    assert_rejected(bench, bench.run(), "in/09.parquet:1: n: not an int8")


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (b"200,\xff\xfe,2\n", "not utf-8"),
        (b"200,a\0b,2\n", "NUL byte"),
        (b"200,a\n", "too few fields"),
    ],
    ids=["invalid UTF-8", "a NUL byte", "a ragged row"],
)
def test_bytes_that_are_no_record(bench, record, reason):
    bench.fill(1)
    bench.write("2.csv", HEADER.encode() + b"199,ok,1\n" + record + b"201,ok,3\n")
    assert_rejected(bench, bench.run(), f"{bench.place}/in/2.csv:3: {reason}\nFix the input")
    result = bench.run("--fresh", "contract.on_error=quarantine")
    assert result.code == 0
    assert len(bench.rows) == 4 + 2
    assert len(bench.quarantine) == 1
    assert f'["in/2.csv", 3, "source", null, "{reason}"' in bench.quarantine[0]


def test_an_open_quote_takes_what_follows_with_it(bench):
    bench.fill(1)
    bench.write("2.csv", HEADER + '199,ok,1\n200,"a,2\n201,ok,3\n')
    file = f"{bench.place}/in/2.csv"
    said = f"{file}:3: unclosed quote\n{file}:4: inside an unclosed quote\nFix the input"
    assert_rejected(bench, bench.run(), said)
    assert bench.run("--fresh", "contract.on_error=quarantine").code == 0
    assert len(bench.rows) == 4 + 1
    assert len(bench.quarantine) == 2


def test_a_line_of_200_mb(bench):
    bench.fill(1)
    giant = b"200," + b"x" * 200_000_000 + b",2\n"
    bench.write("2.csv", HEADER.encode() + b"199,ok,1\n" + giant + b"201,ok,3\n")
    said = f"{bench.place}/in/2.csv:3: record too long\nFix the input"
    assert_rejected(bench, bench.run(), said)
    assert bench.run("--fresh", "contract.on_error=quarantine").code == 0
    assert len(bench.rows) == 4 + 2
    assert '["in/2.csv", 3, "source", null, "record too long"' in bench.quarantine[0]
    assert len(bench.quarantine[0]) < 70_000


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a mark", ("\ufeff" + HEADER + "1,a,2\n2,ä,3\n").encode()),
        ("CRLF", (HEADER + "1,a,2\n2,ä,3\n").replace("\n", "\r\n").encode()),
        ("both", ("\ufeff" + HEADER + "1,a,2\n2,ä,3").replace("\n", "\r\n").encode()),
    ],
)
def test_marks_and_line_ends_of_other_systems(bench, name, data):
    bench.write("1.csv", data)
    assert bench.run().code == 0
    assert bench.rows == ['[1, "a", 2]', '[2, "ä", 3]']


def test_a_duplicate_column_name(bench):
    bench.write("1.csv", "id,n,n\n1,2,3\n")
    said = f'source.header: {bench.place}/in/1.csv: "n" occurs more than once in the header.'
    assert_refused(bench, bench.run(), "orders.yaml:5: ", said, "header: [name, …]")


def test_a_duplicate_column_name_in_a_later_file(bench):
    bench.fill(9)
    bench.write("7.csv", "id,name,name\n1,2,3\n")
    assert_refused(bench, bench.run(), 'in/7.csv: "name" occurs more than once in the header')
