"""A value of a private column is in the input and in the output, and nowhere else."""

import json
import subprocess

import polars as pl
import pytest
import yaml

from ingest.commands import status
from ingest.sniffing.columns import describe
from tests.faults.job import FaultJob, command

CANARY = "kanarienvogel"
PII = {"mail": {"type": "string", "pii": True}}
HEADER = "id,mail,n,note\n"
FINE = "".join(f"{number},a{number}.{CANARY}@example.org,{number},ok\n" for number in range(1, 9))
PYTHON = {"type": "python", "function": "own:step", "row_wise": True}
SPLITS = (
    "import polars as pl\n\n\ndef step(rows):\n    for mail in rows['mail']:\n"
    "        if mail and mail.startswith('bad'):\n            print(mail)\n"
    "            raise %s\n    return rows\n"
)
CSV = (
    f'{HEADER}{FINE}20,{CANARY},1,x,{CANARY}\n21,"{CANARY} open,1,x\n22,st"{CANARY},2,x\n'
    f'23,{CANARY},x,"quoted, ""{CANARY[:3]}"""\n24,"{CANARY}",900,hi\n'
)
JSONL = (
    f'{{"id": 1, "mail": "{CANARY}", "n": 1, "note": "fine"}}\n'
    f'{{"id": 2, "mail": "{CANARY}", "n": "x", "note": "typed"}}\n'
    f'{{"id": 3, "mail": "{CANARY}", "n": 3, "note": 5, "phone": "{CANARY}"}}\n'
    f'{{"id": 4, "mail": "{CANARY}", "n": 4, "mail": "{CANARY}"}}\n'
    f'{{"id": 5, "mail": "{CANARY}", "n": \n'
    f'{{"id": 6, "mail" : "{CANARY}" , "n":900, "note": "checked"}}\n'
)
FRAME = pl.DataFrame({"id": [1, 2], "mail": [CANARY] * 2, "n": [1, 900], "note": ["a", "b"]})
LINES = f"1 {CANARY} 1   fine \n2 {CANARY} 900 hi   \n3 {CANARY} x   typed\n4 {CANARY}\n"
SOURCES = {
    "csv": ("in/a.csv", CSV),
    "jsonl": ("in/a.jsonl", JSONL),
    "parquet": ("in/a.parquet", FRAME),
    "fixed_width": ("in/a.fwf", LINES),
}
WIDTHS = {
    "id": {"width": 2},
    "mail": {"width": 14},
    "n": {"width": 4, "type": "int64"},
    "note": {"width": 5},
}
JSON = {"id": "int64", "mail": "string", "n": "int64", "note": "string"}
COLUMNS = {"fixed_width": WIDTHS, "jsonl": JSON, "parquet": {}, "csv": {"n": "int64"}}
RANGE = {"type": "range", "column": "n", "max": 100}


@pytest.fixture
def job(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return FaultJob(tmp_path)


def only_in_output(job, *results):
    """The value is in no file but those of the input and the output, and in no text."""
    for result in results:
        assert CANARY not in result.out + result.err
    parts = {job.place / "in", job.place / "out"}
    for file in (file for file in job.place.rglob("*") if file.is_file()):
        if parts.isdisjoint(file.parents):
            content = file.read_bytes()
            if file.suffix == ".parquet":
                content = str(pl.read_parquet(file).to_dicts()).encode()
            assert CANARY.encode() not in content, file


def everything(job):
    """Run a job and all commands that look at it."""
    results = [job.plan(), job.preview(), job.run("--progress", "log")]
    results += [command(status.main, ["--state", "state"])]
    if job.run_ids:
        results += [command(status.main, [job.run_ids[-1], "--state", "state"])]
    return [*results, job.verify()] if results[2].code == 0 else results


@pytest.mark.parametrize("kind", SOURCES)
def test_rejects_of_every_source(job, kind):
    name, content = SOURCES[kind]
    job.write(name, content)
    contract = {"columns": PII, "checks": [RANGE], "on_error": "quarantine"}
    job.define(kind, columns=COLUMNS[kind], parts={"contract": contract})
    results = everything(job)
    assert results[2].code == 0, results[2].err
    only_in_output(job, *results)
    assert CANARY in str(job.rows)
    (judged,) = job.quarantine.filter(pl.col("step") == "contract").to_dicts()
    assert json.loads(judged["row"])["mail"] == "***"
    assert json.loads(judged["row"])["n"] == 900
    assert "900" in judged["original"]
    assert judged["source"] is None
    assert all(line is not None for line in job.quarantine["line"])


def test_what_is_not_private_stays_readable(job):
    job.write(*SOURCES["csv"])
    contract = {"columns": PII, "checks": [RANGE], "on_error": "quarantine"}
    job.define("csv", columns={"n": "int64"}, parts={"contract": contract})
    assert job.run().code == 0
    found = dict(job.quarantine.select("line", "original").rows())
    assert found[10] == "***"  # too many fields
    assert found[11] == "***"  # an open quote
    assert found[12] == "***"  # a stray one
    assert found[13] == '23,***,x,"quoted, ""kan"""'
    assert found[14] == '24,"***",900,hi'


def test_a_team_may_keep_the_values_in_the_quarantine(job):
    job.write(*SOURCES["csv"])
    kept = {"on_error": "quarantine", "quarantine": {"pii": "keep"}}
    job.define("csv", parts={"contract": {"columns": PII, "checks": [], **kept}})
    results = everything(job)
    assert CANARY in str(job.quarantine["original"].to_list())
    assert job.quarantine["source"].null_count() == 0
    assert all(CANARY not in result.out + result.err for result in results)


REJECTING = {
    "cast": [{"type": "cast", "columns": {"mail": "int64"}}],
    "derive": [{"type": "derive", "columns": {"m": "CAST(mail AS int64)"}}],
    "filter": [{"type": "filter", "where": "CAST(mail AS int64) > 0"}],
    "extract": [
        {"type": "extract", "column": "mail", "pattern": "^(?P<who>x+)", "on_mismatch": "reject"}
    ],
    "behind a copy": [
        {"type": "rename", "columns": {"mail": "to"}},
        {"type": "derive", "columns": {"twice": "to || to", "mail": "to"}},
        {"type": "split", "column": "twice", "separator": "@", "into": ["who", "where"]},
        {"type": "normalize_text", "case": "upper"},
        {"type": "cast", "columns": {"note": "int64"}},
    ],
    "sql": [
        {"type": "sql", "query": "SELECT id, mail, n, note, lower(mail) AS low FROM input"},
        {"type": "cast", "columns": {"note": "int64"}},
    ],
    "sql that raises": [{"type": "sql", "query": "SELECT CAST(mail AS BIGINT) AS n FROM input"}],
    "lookup": [
        {"type": "lookup", "reference": {"path": "in/table/r.csv"}, "key": "mail"},
    ],
}


@pytest.mark.parametrize("on_error", ["quarantine", "fail"])
@pytest.mark.parametrize("steps", REJECTING)
def test_rejects_of_every_step(job, steps, on_error):
    job.write("in/a.csv", HEADER + FINE)
    job.write("in/table/r.csv", f"mail,seg\n{CANARY},1\n{CANARY},2\n")
    contract = {"columns": PII, "on_error": on_error}
    job.define("csv", path="in/*.csv", parts={"transforms": REJECTING[steps], "contract": contract})
    results = everything(job)
    assert {result.code for result in results} <= {0, 1, 2}
    only_in_output(job, *results)


@pytest.mark.parametrize("on_error", ["quarantine", "fail"])
def test_every_check(job, on_error):
    checks = [
        {"type": "not_null", "columns": ["n"]},
        {"type": "in_set", "column": "mail", "values": ["a"]},
        {"type": "matches", "column": "mail", "pattern": "^a$"},
        {"type": "length", "column": "mail", "max": 3},
        {"type": "expression", "name": "ours", "expression": "mail = 'a'"},
        {"type": "unique_in_partition", "columns": ["mail"]},
    ]
    job.write("in/a.csv", HEADER + FINE)
    for check in checks:
        contract = {"columns": PII, "checks": [check], "on_error": on_error, "max_errors": 2}
        job.define("csv", parts={"contract": contract})
        result = job.run("--fresh")
        assert result.code in {0, 1}, result.err
        only_in_output(job, result)


@pytest.mark.parametrize(
    "raised", ["ValueError(f'no {mail} here')", "SystemExit(mail)", "ConnectionError(mail)"]
)
@pytest.mark.parametrize("row_wise", [True, False])
def test_a_function_that_raises_with_a_value(job, capfd, raised, row_wise):
    job.write("jobs/x/own.py", SPLITS.replace("            print(mail)\n", "") % raised)
    job.write("in/a.csv", f"{HEADER}{FINE}30,bad {CANARY},1,x\n")
    steps = [{**PYTHON, "row_wise": row_wise}]
    contract = {"columns": PII, "on_error": "quarantine"}
    job.define("csv", parts={"transforms": steps, "contract": contract})
    result, shown = job.run("--progress", "log"), job.preview()
    only_in_output(job, result, shown)
    assert CANARY not in "".join(capfd.readouterr())
    assert shown.code == result.code
    if row_wise and "ConnectionError" not in raised:
        (row,) = job.quarantine.to_dicts()
        assert f"raised {raised.partition('(')[0]}" == row["reason"]
        assert "0.python: 9 rows in, 8 out, 1 rejected" in shown.out
    else:
        for each in (result, shown):
            assert f"raised {raised.partition('(')[0]}: its text may contain" in each.err


def test_a_function_that_raises_an_error_of_ours(job):
    text = "from ingest.core.errors import BadRowError\n\n\ndef step(rows):\n"
    job.write("jobs/x/own.py", f"{text}    raise BadRowError(rows['mail'][0])\n")
    job.write("in/a.csv", HEADER + FINE)
    job.define("csv", parts={"transforms": [PYTHON], "contract": {"columns": PII}})
    result = job.run()
    assert "BadRowError" in result.err
    only_in_output(job, result)


def test_a_masked_column_is_private_up_to_the_mask(job):
    job.write("in/a.csv", HEADER + FINE)
    steps = [
        {"type": "derive", "columns": {"copy": "upper(mail)"}},
        {"type": "mask", "columns": ["mail"], "method": "redact", "replacement": "gone"},
        {"type": "cast", "columns": {"note": "int64"}},
    ]
    parts = {"transforms": steps, "contract": {"on_error": "quarantine"}}
    job.define("csv", parts=parts)
    results = everything(job)
    only_in_output(job, *results)
    row = json.loads(job.quarantine["row"][0])
    assert row["mail"] == "gone"
    assert row["copy"] == "***"
    assert job.quarantine["original"][0] == "1,***,1,ok"


def test_columns_of_the_same_characters(job):
    """A copybook's REDEFINES: the whole line has the value too, and what is made of it."""
    job.write("in/a.fwf", LINES)
    columns = {**WIDTHS, "line": {"start": 1, "width": 25}}
    steps = [{"type": "derive", "columns": {"copy": "line"}}]
    contract = {"columns": PII, "checks": [RANGE], "on_error": "quarantine"}
    job.define("fixed_width", columns=columns, parts={"transforms": steps, "contract": contract})
    results = everything(job)
    assert results[2].code == 0, results[2].err
    only_in_output(job, *results)
    assert "3 ************* x   typed" in job.quarantine["original"].to_list()


@pytest.mark.parametrize("steps", [[{"type": "derive", "columns": {"k": "lower(mail)"}}], []])
def test_a_key_of_a_lookup_that_occurs_twice(job, steps):
    job.write("in/a.csv", HEADER + FINE)
    job.write("table/r.csv", f"m,score\n,0\n{CANARY},1\nx,2\n{CANARY},3\n")
    key = {"k" if steps else "mail": "m"}
    lookup = {"type": "lookup", "reference": {"path": "table/r.csv"}, "key": key}
    parts = {"transforms": [*steps, lookup], "contract": {"pii": ["mail"]}}
    job.define("csv", path="in", parts=parts)
    for result in (job.plan(), job.preview(), job.run()):
        assert "the key m must be unique, but that of record 2 occurs 2 times" in result.err
        assert CANARY not in result.err


def test_columns_that_do_not_reach_the_output(job):
    job.write("in/a.csv", HEADER + FINE)
    steps = [
        {"type": "select", "columns": ["-mail"]},
        {"type": "cast", "columns": {"note": "int64"}},
    ]
    contract = {"pii": ["mail"], "on_error": "quarantine"}
    job.define("csv", parts={"transforms": steps, "contract": contract})
    results = everything(job)
    only_in_output(job, *results)
    assert job.quarantine["original"][0] == "1,***,1,ok"


def test_a_wrong_name_is_an_error(job):
    job.write("in/a.csv", HEADER + FINE)
    job.define("csv", parts={"contract": {"pii": ["mial"]}})
    job.refused('contract.pii: no such column "mial". Did you mean "mail"?')


NO_HEADER = f"{FINE.replace('ok', CANARY)}9,{CANARY},9,x\n"
ALL_ALLOWED = {"missing_columns": "null", "new_columns": "ignore"}


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("in/a.csv", {}),
        ("in/z.csv", ALL_ALLOWED),
        ("in/a.csv", {**ALL_ALLOWED, "new_columns": "add"}),
    ],
)
def test_a_file_without_a_header_among_others(job, name, schema):
    job.write("in/b.csv", HEADER + FINE)
    job.write("in/c.csv", HEADER + FINE)
    job.write(name, f"{CANARY},{CANARY},1,x\n{NO_HEADER}")
    job.define("csv", schema=schema, parts={"contract": {"columns": PII}})
    job.refused(f"{name}: the first line has none of the columns of ", "probably not a header")
    only_in_output(job, job.plan(), job.preview())


def test_a_file_with_another_delimiter_among_others(job):
    job.write("in/a.csv", HEADER + FINE)
    job.write("in/b.csv", (HEADER + FINE).replace(",", ";"))
    job.define("csv", schema=ALL_ALLOWED)
    job.refused('in/b.csv: seems to use the delimiter ";", but this job reads ",", as in ')


@pytest.mark.parametrize("columns", [{}, {"n": "int64"}])
def test_a_header_that_is_none(job, columns):
    job.write("in/a.csv", f"x\n{NO_HEADER}")
    job.define("csv", columns=columns, skip_rows=1, parts={"contract": {"columns": PII}})
    job.refused("the line that is read as the header has none of the columns", "skip_rows (now 1)")
    only_in_output(job, *everything(job))


def test_no_folder_is_named_by_a_private_value(job):
    job.write("in/a.csv", HEADER + FINE)
    sink = {"type": "parquet", "path": "out", "write_disposition": "overwrite"}
    parts = {"contract": {"columns": PII}, "sink": {**sink, "partition_by": ["mail"]}}
    job.define("csv", parts=parts)
    job.refused('partition_by: "mail" is private (pii)')


def test_the_output_is_the_same_with_and_without_marks(job):
    job.write(*SOURCES["csv"])
    found = []
    for columns in ({"mail": "string"}, PII):
        job.define("csv", parts={"contract": {"columns": columns, "on_error": "quarantine"}})
        assert job.run().code == 0
        found.append((job.rows, job.quarantine.drop("original", "row", "source", "run_id")))
    assert found[0][0] == found[1][0]
    assert found[0][1].equals(found[1][1])


PERSONAL = {
    "id": "{n}",
    "E-Mail": "ann{n}.{c}@example.org",
    "Nachname": "{C}",
    "customer": "Anna {C}",
    "phone": "+49 151 2345{n:04}",
    "geburtsdatum": "{n:02}.0{m}.1984",
    "iban": "DE89370400440532013000",
    "karte": "4111 1111 1111 1111",
    "ssn": "078-05-1120",
    "ip": "10.0.{m}.{n}",
    "Straße": "{C}weg {n}",
    "note": "call {c}{n}@example.org",
    "status": "open",
    "amount": "{n}.5{m}",
}
PLAIN = {"id", "status", "amount"}


def personal(number):
    """Return the texts of a row with personal data in many columns."""
    fills = {"n": number, "m": number % 9 + 1, "c": CANARY, "C": CANARY.title()}
    return {name: text.format(**fills) for name, text in PERSONAL.items()}


def written(place):
    """Return all that `init` has written, as one text in small letters."""
    files = [path for root in ("conf", "jobs") for path in (place / root).rglob("*")]
    contents = []
    for file in (file for file in files if file.is_file()):
        is_parquet = file.suffix == ".parquet"
        contents.append(str(pl.read_parquet(file).to_dicts()) if is_parquet else file.read_text())
    return "\n".join(contents).lower()


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_init_marks_private_columns_and_copies_none_of_their_values(job, kind):
    rows = [personal(number) for number in range(1, 29)]
    if kind == "csv":
        lines = [";".join(PERSONAL), *(";".join(row.values()) for row in rows)]
        job.write("in/a.csv", "\n".join([*lines, f"99;{CANARY};{CANARY}", ""]))
    elif kind == "jsonl":
        lines = [*map(json.dumps, rows), f'{{"id": "1", "E-Mail": "{CANARY}', ""]
        job.write("in/a.jsonl", "\n".join(lines))
    else:
        job.write("in/a.parquet", pl.DataFrame(rows))
    result = job.init("in")
    assert result.code == 0, result.err
    page = yaml.safe_load((job.place / "conf/job/made.yaml").read_text())
    columns = page["contract"]["columns"]
    assert {name for name, column in columns.items() if not column.get("pii")} == PLAIN
    text = written(job.place)
    for value in (CANARY, "078-05-1120", "0532013000", "4111 1111", "10.0.", "1984", "151 2345"):
        assert value not in text + result.out.lower() + result.err, value
    expected = (job.place / "jobs/made/expected/rows.jsonl").read_text().splitlines()
    assert len(expected) == 29
    assert '"open"' in expected[1]


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("product", ["Blue chair", "Red table"]),
        ("city", ["New York", "Berlin"]),
        ("order_id", ["10001", "10002"]),
        ("ean", ["4006381333931", "5901234123457"]),
        ("email_sent", ["true", "false"]),
        ("phone_calls", ["1", "2"]),
        ("version", ["1.2.3", "1.2.4"]),
        ("departure", ["2013-01-01", "2013-01-02"]),
        ("name", ["chair", "table"]),
    ],
)
def test_what_is_not_personal_is_not_marked(name, texts):
    assert describe(name, texts, [""]).private == ""


def test_init_warns_before_it_copies_rows_to_where_git_tracks_them(job):
    job.write("in/a.csv", "id,mail\n1,a@example.org\n")
    subprocess.run(["git", "init", "-q"], check=True)
    result = job.init("in")
    (line,) = [line for line in result.out.splitlines() if line.startswith("warning")]
    assert "copied to jobs/made/" in line
    assert "Git does not ignore this folder" in line
    assert "--no-sample" in line
    assert (job.place / "jobs/made/sample").is_dir()
    result = job.init("in", "--no-sample")
    assert result.code == 0
    assert "warning" not in result.out
    assert not (job.place / "jobs/made/sample").exists()
    assert not (job.place / "jobs/made/expected").exists()
    job.write(".gitignore", "jobs/\n")
    assert "warning" not in job.init("in").out
