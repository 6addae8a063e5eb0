"""F8, F11, F12: what could end or panic native decoders is found before, or is one sentence.

And an error of a decoder is none of the storage: it is not tried again.
"""

import itertools
import random
import re
import subprocess
import sys

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.core.errors import BadRowError, ConfigError
from ingest.sources.parquet import Parquet
from ingest.testing.sources import plan, rows_of
from tests.faults.parquet_files import (
    I32,
    I64,
    LIST,
    STRUCT,
    TEXT,
    change_data,
    change_footer,
    change_page,
    chunks,
    elements,
    framed,
    uploaded,
)

WHERE = pytest.mark.parametrize("remote", [False, True], ids=["local", "in a bucket"])


def plain(path, table, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {"compression": "none", "use_dictionary": False, "store_schema": False} | options
    pq.write_table(table, path, **options)
    return path


def define(job, file, *, remote=False, **options):
    job.define("parquet", path=uploaded(file) if remote else str(file), **options)


def tried_again(result):
    return re.search(r"partition \w+ again", result.err) is not None


def assert_damaged(job, *texts):
    """The run fails at once, in one sentence that names the file; so do preview and init."""
    result = job.run("--fresh")
    assert result.code == 1
    assert not tried_again(result)
    for text in ("damaged Parquet: ", "Download or copy the file again", *texts):
        assert text in result.err
    for said in (result.err, job.preview().err):
        assert "Traceback" not in said
        assert "storage did not answer" not in said
    assert job.rows == []


@WHERE
def test_a_first_repetition_level_of_1(job, remote):
    """Such a row would belong to the one before the first."""
    file = plain(job.place / "a.parquet", pa.table({"l": [[1, 2], [3]], "n": [1, 2]}))
    # behind the length of the levels: one run of bits, the first of them is set
    change_data(file, lambda data: data.__setitem__(5, data[5] | 1))
    define(job, file, remote=remote)
    assert_damaged(job, 'column "l"', "repetition level")
    assert "storage did not answer" not in job.init(str(file)).err


@WHERE
@pytest.mark.parametrize(
    "change",
    [
        lambda page: page[5][1].update({1: (I32, 5)}),
        lambda page: page[5][1].update({1: (I32, -5)}),
        lambda page: page[5][1].update({3: (I32, 2)}),
        lambda page: page[5][1].update({2: (I32, 60)}),
        lambda page: page.update({1: (I32, 9)}),
        lambda page: page.update({3: (I32, page[3][1] + 50)}),
        lambda page: page.update({2: (I32, -page[2][1])}),
    ],
    ids=["fewer values", "negative", "levels", "encoding", "kind", "size", "unpacked size"],
)
def test_an_impossible_page_header(job, change, remote):
    file = plain(job.place / "a.parquet", pa.table({"n": list(range(40))}),
                 write_statistics=False)  # fmt: skip
    change_page(file, change)
    define(job, file, remote=remote)
    assert_damaged(job, 'column "n"')


@WHERE
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("compression", ["none", "snappy"])
def test_checksums_are_checked_where_there_are_any(job, remote, version, compression):
    table = pa.table({"n": list(range(1000)), "s": [f"text {n}" for n in range(1000)]})
    file = plain(job.place / "a.parquet", table, write_page_checksum=True,
                 compression=compression, data_page_version=version)  # fmt: skip
    define(job, file, remote=remote)
    assert job.run().code == 0
    assert job.frame.equals(pl.DataFrame(table))
    content = bytearray(file.read_bytes())
    content[600] ^= 1  # one bit among the numbers
    file.write_bytes(content)
    define(job, file, remote=remote)
    result = job.run("--fresh")
    assert result.code == 1
    assert 'column "n": damaged Parquet: could not verify page integrity' in result.err


def test_checksums_of_columns_that_are_not_read_do_not_matter(job):
    table = pa.table({"n": list(range(1000)), "m": [1] * 1000})
    file = plain(job.place / "a.parquet", table, write_page_checksum=True)
    content = bytearray(file.read_bytes())
    content[600] ^= 1
    file.write_bytes(content)
    define(job, file, columns=["m"])
    assert job.run().code == 0


@WHERE
def test_pages_that_make_polars_panic(job, remote):
    """A column that is called required, but whose writer has left nulls out."""
    table = pa.table({"f": pa.array([b"abcd"] * 90 + [None] * 10, pa.binary(4))})
    file = plain(job.place / "a.parquet", table)

    def require(footer):
        elements(footer)[1][3] = (I32, 0)

    change_footer(file, require)
    define(job, file, remote=remote)
    result = job.run()
    assert result.code in {0, 1}
    if result.code:
        assert "damaged Parquet" in result.err
    assert "Traceback" not in result.err


def outcome(path):
    """Return the rows and rejects that a source reads, or its error without the path."""
    source = Parquet(type="parquet", path=path)
    try:
        found = source.read(*plan(source))
    except (BadRowError, ConfigError) as error:
        return (
            str(error).replace(path, "FILE").replace(path.replace("memory:/", "memory://"), "FILE")
        )
    rejects = None if found.rejects is None else found.rejects.frame.rows()
    return rows_of(found).rows(), rejects


@pytest.mark.parametrize("seed", range(3))
def test_bits_that_flip_have_one_result_wherever_the_file_lies(tmp_path, seed):
    """Whatever is wrong: the same rows or the same words, and never anything else."""
    rng = random.Random(seed)
    table = pa.table(
        {
            "i": [None if n % 7 == 0 else n for n in range(300)],
            "s": [f"v{n % 9}" for n in range(300)],
            "l": [[n] * (n % 3) for n in range(300)],
        }
    )
    options = list(itertools.product(("none", "snappy"), ("1.0", "2.0"), (True, False)))
    for _ in range(40):
        compression, version, dictionary = rng.choice(options)
        file = plain(tmp_path / "a.parquet", table, compression=compression,
                     data_page_version=version, use_dictionary=dictionary)  # fmt: skip
        content = bytearray(file.read_bytes())
        footer = int.from_bytes(content[-8:-4], "little")
        content[rng.randrange(4, len(content) - 8 - footer)] ^= 1 << rng.randrange(8)
        file.write_bytes(content)
        assert outcome(str(file)) == outcome(uploaded(file))


@WHERE
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda footer: chunks(footer)[0].pop(3), "has no description"),
        (lambda footer: chunks(footer)[0][3][1].update({9: (I64, 1 << 40)}), "claims bytes"),
        (lambda footer: chunks(footer)[0][3][1].update({9: (I64, -4)}), "claims bytes"),
        (lambda footer: chunks(footer)[0][3][1].update({7: (I64, -4)}), "a count of -4"),
        (lambda footer: chunks(footer).pop(), "0 columns, but the schema has 1"),
        (lambda footer: elements(footer)[0].update({5: (I32, 2)}), "its schema is incomplete"),
        (lambda footer: elements(footer)[0].update({5: (I32, 1 << 30)}), "a count of"),
        (lambda footer: elements(footer).clear(), "it has no schema"),
        (lambda footer: footer.update({4: (I32, 3)}), "a number in field 4"),
        (lambda footer: footer.update({2: (TEXT, b"x")}), "a field of kind 8"),
        (lambda footer: elements(footer)[1].update({1: (I32, 77)}), "physical"),
    ],
)
def test_a_footer_that_says_what_cannot_be(job, change, said, remote):
    """PyArrow aborts the process on some of these."""
    file = plain(job.place / "a.parquet", pa.table({"n": [1, 2, 3]}))
    change_footer(file, change)
    define(job, file, remote=remote)
    job.refused("not a complete Parquet file", said)
    result = job.init(str(file))
    assert result.code == 2
    assert "storage did not answer" not in result.err


def test_a_schema_of_absurd_depth(job):
    file = plain(job.place / "a.parquet", pa.table({"n": [1]}))
    group = {3: (I32, 1), 4: (TEXT, b"g"), 5: (I32, 1)}
    change_footer(file, lambda footer: elements(footer).__setitem__(
        slice(1, 1), [dict(group) for _ in range(20_000)]))  # fmt: skip
    define(job, file)
    job.refused("its schema is nested more than 128 levels deep")


def test_metadata_of_absurd_depth(job):
    file = plain(job.place / "a.parquet", pa.table({"n": [1]}))
    content = file.read_bytes()
    length = int.from_bytes(content[-8:-4], "little")
    file.write_bytes(content[: -8 - length] + framed(bytes([1 << 4 | STRUCT]) * 100_000))
    define(job, file)
    job.refused("nested more than 16 levels deep")


def test_lists_of_absurd_length(job):
    file = plain(job.place / "a.parquet", pa.table({"n": [1]}))
    content = file.read_bytes()
    length = int.from_bytes(content[-8:-4], "little")
    head = bytes([2 << 4 | LIST, 15 << 4 | STRUCT]) + b"\xff\xff\xff\xff\x7f"
    file.write_bytes(content[: -8 - length] + framed(head))
    define(job, file)
    job.refused("a list of 34,359,738,367 in 0 bytes")


@pytest.mark.parametrize("files", [3, 30], ids=["seen by the plan", "seen by a worker"])
def test_no_worker_dies_of_them(job, files):
    """In processes of its own: the commands say one sentence, and nothing of a panic or abort."""
    (job.place / "in").mkdir()
    for number in range(files):
        file = plain(job.place / f"in/{number:02}.parquet", pa.table({"n": [number] * 9}))
        if number == files // 2 + files % 2:
            change_footer(file, lambda footer: chunks(footer)[0].update({9: (TEXT, b"x")}),
                          after=bytes(28))  # fmt: skip
    job.define("parquet")
    for command in ("plan", "run", "preview"):
        if files == 30 and command != "run":
            continue
        process = subprocess.run(
            [sys.executable, "-m", "ingest", command, "+job=x", *["cluster=inline"]],
            cwd=job.place, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert process.returncode == (2 if files == 3 else 1), process.stderr
        assert "encrypted Parquet: " in process.stderr
        assert "Traceback" not in process.stderr
        assert "panicked" not in process.stderr
