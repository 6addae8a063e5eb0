"""F3: a large file with line feeds in quotes is split, and bad records keep their lines."""

from tests.faults.job import FaultJob

CONTRACT = {
    "columns": {"n": "int64"},
    "checks": [{"type": "range", "column": "n", "max": 9_000}],
    "on_error": "quarantine",
    "max_error_ratio": 0.5,
}


def test_bad_records_of_a_file_that_is_split_have_the_lines_of_the_file(job: FaultJob) -> None:
    text, line, rows, bad = "n,t\n", 2, [], []
    for number in range(1000):
        record, reason = f'{number},"text of {number}\n\r\n""x"", y"\r\n', None
        if number % 97 == 5:
            record, reason = f'{number},"stray"{number}\n', "text after a closing quote"
        elif number % 89 == 7:
            record, reason = f'{number + 10_000},"too\nlarge"\n', "n: range ..9000"
        elif number % 83 == 9:
            record, reason = f'x{number},"no\nnumber"\n', "n: not an int64"
        if reason is None:
            rows.append((number, f'text of {number}\n\r\n"x", y'))
        else:
            bad.append((line, reason, record.removesuffix("\n")))
        text += record
        line += record.count("\n")
    job.write("in/a.csv", text)
    execution = {"workers": 2, "partition_bytes": 2048}
    job.define(multiline=True, parts={"contract": CONTRACT, "execution": execution})
    result = job.run()
    assert result.code == 0, result.err
    assert job.receipt["partitions"]["number"] > 10
    assert sorted(job.frame.rows()) == rows
    assert job.quarantine.select("line", "reason", "original").sort("line").rows() == bad
