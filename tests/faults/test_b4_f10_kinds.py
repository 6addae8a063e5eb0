"""B4, F10: what is no damage is called what it is, at plan time, and only damage is damaged."""

import json
from decimal import Decimal

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.faults.parquet_files import (
    I32,
    STRUCT,
    TEXT,
    change_data,
    change_footer,
    chunks,
    elements,
    logical,
    uploaded,
)

WHERE = pytest.mark.parametrize("remote", [False, True], ids=["local", "in a bucket"])
NOT_DAMAGED = (
    "not a complete Parquet file",
    "Download or copy the file again",
    "damaged",
    "storage did not",
)
QUARANTINE = {"contract": {"on_error": "quarantine"}}


def define(job, file, *, remote, **options):
    job.define("parquet", path=uploaded(file) if remote else str(file), **options)


def assert_called(job, *texts):
    """Plan, run and init say what it is, in one sentence, and never that it is damaged."""
    job.refused(*texts)
    for said in (job.plan().err, job.preview().err):
        assert not any(text in said for text in NOT_DAMAGED)
        assert said.count("\n") == 1


def raw(path, *columns):
    """Write columns without compression and dictionaries, to be patched."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_arrays([column for _, column in columns], [name for name, _ in columns])
    pq.write_table(table, path, compression="none", use_dictionary=False, store_schema=False)
    return path


@WHERE
def test_duplicate_names(job, remote):
    file = raw(job.place / "a.parquet", ("a", pa.array([1])), ("a", pa.array([2])),
               ("n", pa.array([3])))  # fmt: skip
    define(job, file, remote=remote)
    assert_called(job, '"a": 2 columns have that name', "columns: [name, …]")
    define(job, file, remote=remote, columns=["n"])
    assert job.run().code == 0
    assert job.rows == [{"n": 3}]


def test_duplicate_names_in_a_struct(job):
    inner = pa.StructArray.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"])
    file = raw(job.place / "a.parquet", ("s", inner), ("n", pa.array([3])))
    define(job, file, remote=False)
    assert_called(job, '"s": its field "x" occurs twice')


def test_init_leaves_out_what_cannot_be_read(job):
    raw(job.place / "in/a.parquet", ("a", pa.array([1])), ("a", pa.array([2])),
        ("number", pa.array([3])))  # fmt: skip
    result = job.init("in")
    assert result.code == 0, result.err
    text = (job.place / "conf/job/made.yaml").read_text()
    assert 'without "a", because 2 columns have that name' in text
    assert "columns: [number]" in text


@WHERE
def test_text_that_is_not_utf8_is_a_bad_row(job, remote):
    texts = pa.array(["fine", "tést", None, "last"])
    file = raw(job.place / "a.parquet", ("s", texts), ("n", pa.array([1, 2, 3, 4])))
    change_data(file, lambda data: data.__setitem__(data.index(0xC3), 0xFF))
    define(job, file, remote=remote, parts=QUARANTINE)
    result = job.run()
    assert result.code == 0, result.err
    assert job.rows == [{"s": "fine", "n": 1}, {"s": "last", "n": 4}, {"s": None, "n": 3}]
    [row] = job.quarantine.select("line", "step", "column", "reason", "original").rows()
    assert row[:4] == (2, "source", "s", "s: not utf-8")
    assert json.loads(row[4]) == {"s": "t\\xff\\xa9st", "n": 2}
    define(job, file, remote=remote)
    result = job.run("--fresh")
    assert result.code == 1
    assert f"{file}:2: s: not utf-8" in result.err
    assert not any(text in result.err for text in NOT_DAMAGED)


@pytest.mark.parametrize("kind", ["list", "struct", "map"])
def test_text_that_is_not_utf8_deep_inside(job, kind):
    deep = {
        "list": pa.array([["é"], ["fine"]]),
        "struct": pa.array([{"a": "é"}, {"a": "fine"}]),
        "map": pa.array([[("é", 1)], [("fine", 2)]], pa.map_(pa.string(), pa.int64())),
    }[kind]
    file = raw(job.place / "a.parquet", ("d", deep), ("n", pa.array([1, 2])))
    change_data(file, lambda data: data.__setitem__(data.index(0xC3), 0xFF))
    define(job, file, remote=False, parts=QUARANTINE)
    result = job.run()
    assert result.code == 0, result.err
    assert job.frame["n"].to_list() == [2]
    [original] = job.quarantine["original"]
    assert "\\\\xff" in original
    assert json.loads(original)["n"] == 1


def test_a_lookup_says_which_row_is_not_utf8(job):
    file = raw(job.place / "r.parquet", ("k", pa.array(["a", "é"])), ("x", pa.array([1, 2])))
    change_data(file, lambda data: data.__setitem__(data.index(0xC3), 0xFF))
    job.write("in/a.csv", "k\na\n")
    step = {"type": "lookup", "reference": {"path": str(file)}, "key": "k"}
    job.define("csv", parts={"transforms": [step]})
    job.refused(f"{file}:2: k: not utf-8")


@WHERE
@pytest.mark.parametrize("name", ["GEOMETRY", "GEOGRAPHY"])
def test_geometry_comes_as_its_bytes_and_the_plan_says_so(job, name, remote):
    points = [b"\x01\x01\0\0\0" + bytes(16), None]
    file = raw(job.place / "a.parquet", ("g", pa.array(points)), ("n", pa.array([1, 2])))
    number = {"GEOMETRY": 17, "GEOGRAPHY": 18}[name]
    change_footer(file, lambda footer: logical(elements(footer)[1], number))
    define(job, file, remote=remote)
    assert f"{name}, as its bytes (WKB)" in job.plan().out
    assert job.run().code == 0
    assert job.frame.sort("n").rows() == list(zip(points, [1, 2], strict=True))


def test_a_logical_type_of_the_future_comes_as_its_plain_values(job):
    file = raw(job.place / "a.parquet", ("x", pa.array([b"\xff"])), ("n", pa.array([1])))
    change_footer(file, lambda footer: logical(elements(footer)[1], 60))
    define(job, file, remote=False)
    assert "of a logical type that is not known here, read as its plain values" in job.plan().out
    assert job.run().code == 0
    assert job.rows == [{"x": b"\xff", "n": 1}]


@WHERE
def test_variant(job, remote):
    file = job.place / "a.parquet"
    duckdb.sql(f"COPY (SELECT 1::VARIANT AS v, 2 AS n) TO '{file}' (FORMAT parquet)")
    define(job, file, remote=remote)
    assert_called(job, '"v": it is a VARIANT, which is not supported yet', "columns: [name, …]")
    define(job, file, remote=remote, columns=["n"])
    assert job.run().code == 0
    assert job.rows == [{"n": 2}]


@pytest.mark.parametrize(
    ("sql", "value", "said"),
    [
        ("INTERVAL 3 MONTH", b"\3\0\0\0" + bytes(8), "INTERVAL, as its 12 bytes"),
        ("'00112233-4455-6677-8899-aabbccddeeff'::UUID",
         bytes.fromhex("00112233445566778899aabbccddeeff"), "UUID, as its 16 bytes"),
        ("""'{"a": 1}'::JSON""", '{"a": 1}', "string"),
        ("'a'::ENUM ('a', 'b')", "a", "string"),
        ("'101'::BIT", "101", "string"),
        ("TIME '12:00:00.123456'", "12:00:00.123456", "time"),
    ],
)  # fmt: skip
def test_types_of_duckdb(job, sql, value, said, capfd):
    file = job.place / "a.parquet"
    duckdb.sql(f"COPY (SELECT {sql} AS x, 1 AS n) TO '{file}' (FORMAT parquet)")
    define(job, file, remote=False)
    assert said in job.plan().out
    assert job.run().code == 0
    found = job.frame["x"].item()
    assert (str(found) if "TIME" in sql else found) == value
    assert "panicked" not in capfd.readouterr().err


def test_an_enum_of_parquet_itself_is_text(job):
    file = raw(job.place / "a.parquet", ("x", pa.array(["one"])), ("n", pa.array([1])))
    change_footer(file, lambda footer: elements(footer)[1].pop(10))
    change_footer(file, lambda footer: elements(footer)[1].update({6: (I32, 4)}))
    define(job, file, remote=False)
    assert job.run().code == 0
    assert job.rows == [{"x": "one", "n": 1}]


@WHERE
def test_an_encrypted_footer(job, remote):
    file = raw(job.place / "a.parquet", ("n", pa.array([1])))
    file.write_bytes(b"PARE" + file.read_bytes()[4:-4] + b"PARE")
    define(job, file, remote=remote)
    assert_called(job, "encrypted Parquet: even its footer cannot be read without keys")
    assert "encrypted Parquet" in job.init(str(file)).err


@WHERE
@pytest.mark.parametrize("where", ["algorithm", "column", "column metadata"])
def test_encryption_behind_a_plain_footer(job, where, remote):
    """PyArrow aborts the process when such a column is looked at."""
    file = raw(job.place / "a.parquet", ("n", pa.array([1])), ("m", pa.array([2])))

    def encrypt(footer):
        if where == "algorithm":
            footer[8] = (STRUCT, {1: (STRUCT, {})})
        elif where == "column":
            chunks(footer)[1][8] = (STRUCT, {2: (STRUCT, {1: (9, (TEXT, [b"m"]))})})
        else:
            chunks(footer)[1][9] = (TEXT, b"secret")
            del chunks(footer)[1][3]

    change_footer(file, encrypt, after=bytes(28))
    define(job, file, remote=remote)
    assert_called(job, "encrypted Parquet: ", "without keys", "without encryption")
    assert "encrypted Parquet" in job.init(str(file)).err
    job.write("in/a.csv", "n\n1\n")
    step = {"type": "lookup", "reference": {"path": str(file)}, "key": "n"}
    job.define("csv", columns={"n": "int64"}, parts={"transforms": [step]})
    job.refused("encrypted Parquet")


@pytest.mark.parametrize(("codec", "said"), [(3, "LZO, which is not supported"), (9, "(codec 9)")])
def test_codecs_that_are_not_read(job, codec, said):
    file = raw(job.place / "a.parquet", ("x", pa.array([1])), ("n", pa.array([2])))
    change_footer(file, lambda footer: chunks(footer)[0][3][1].update({4: (I32, codec)}))
    define(job, file, remote=False)
    assert_called(job, '"x": it', said)
    define(job, file, remote=False, columns=["n"])
    assert job.run().code == 0


@pytest.mark.parametrize("codec", ["snappy", "gzip", "brotli", "lz4", "zstd", "none"])
def test_codecs_that_are_read(job, codec):
    pq.write_table(pa.table({"x": ["a"] * 100}), job.place / "a.parquet", compression=codec)
    define(job, job.place / "a.parquet", remote=False)
    assert job.run().code == 0
    assert job.frame["x"].to_list() == ["a"] * 100


def test_a_footer_whose_data_lie_elsewhere(job):
    file = raw(job.place / "a.parquet", ("n", pa.array([1])))
    change_footer(file, lambda footer: chunks(footer)[0].update({1: (TEXT, b"part-1.parquet")}))
    define(job, file, remote=False)
    assert_called(
        job, 'its columns are stored in "part-1.parquet". Name the files that contain the data'
    )


@WHERE
def test_a_kind_that_only_a_worker_meets(job, remote):
    """Of many files only a few are looked at for the plan."""
    for number in range(30):
        file = raw(job.place / f"in/{number:02}.parquet", ("n", pa.array([number])))
        if number == 17:
            change_footer(file, lambda footer: footer.update({8: (STRUCT, {})}))
        path = uploaded(file)
    job.define("parquet", path=path.rpartition("/")[0] if remote else "in")
    result = job.run()
    assert result.code == 1
    assert "17.parquet: encrypted Parquet" in result.err
    assert not any(text in result.err for text in NOT_DAMAGED)


def test_a_decimal_of_too_many_digits_for_its_own_type(job):
    file = raw(job.place / "a.parquet", ("x", pa.array([Decimal("1.50"), Decimal("99.99")])))

    def narrow(footer):
        node = elements(footer)[1]
        node[8] = (I32, 3)
        node[10] = (STRUCT, {5: (STRUCT, {1: (I32, 2), 2: (I32, 3)})})

    change_footer(file, narrow)
    define(job, file, remote=False, parts=QUARANTINE)
    assert job.run().code == 0, job.run().err
    assert job.frame["x"].to_list() == [Decimal("1.50")]
    assert job.quarantine.select("reason", "original").rows() == [
        ("x: not a decimal(3,2)", '{"x": "99.99"}')
    ]


def test_a_time_of_24_00_is_no_null(job):
    file = job.place / "a.parquet"
    duckdb.sql(f"COPY (SELECT TIME '24:00:00' AS t UNION ALL SELECT TIME '23:59:59') TO '{file}'")
    define(job, file, remote=False, parts=QUARANTINE)
    assert job.run().code == 0
    assert [str(value) for value in job.frame["t"]] == ["23:59:59"]
    assert job.quarantine.select("reason", "original").rows() == [
        ("t: not a time", '{"t": "24:00:00"}')
    ]


def test_a_folder_of_good_files_is_read_as_before(job):
    for name in "ab":
        job.write(f"in/{name}.parquet", pl.DataFrame({"n": [1, 2], "s": ["x", None]}))
    job.define("parquet")
    assert job.run().code == 0
    assert job.frame.height == 4
