"""What is said of figures, and what is not."""

import gzip
from array import array
from dataclasses import replace

from ingest.config.places import dotted
from ingest.core.outcome import Book, Outcome
from ingest.job import Job
from ingest.measuring.estimate import Start
from ingest.measuring.findings import Findings
from ingest.measuring.hints import hints
from ingest.measuring.sample import PlanSample
from ingest.measuring.what_if import TriedSetting
from ingest.measuring.working import Worked
from ingest.records.totals import Totals

TRIED = TriedSetting("sink.compression_level=1", 0.8, 1.1, 0, 0.01)


def job(folder, cluster="processes"):
    return Job.model_validate(
        {
            "name": "t",
            "owner": "me",
            "description": "test",
            "source": {"type": "csv", "path": str(folder / "in")},
            "sink": {"type": "parquet", "path": str(folder / "out"), "write_disposition": "append"},
            "execution": {"workers": 2},
            "cluster": {"type": cluster},
        }
    )


def found(
    folder, seconds, *, cpu=None, sizes=(100,) * 40, tried=(), rejected=0, cluster="processes"
):
    """Findings of a job, of which one partition of 100 bytes was worked."""
    outcome = Outcome(
        key=(1, 0, 1),
        partition="p",
        books=(Book("source", 1000, 1000 - rejected, 0, {"quarantined": rejected}),),
        errors={"n: range": rejected},
        seconds=seconds,
        cpu=cpu or seconds,
        bytes=100,
    )
    totals = Totals()
    totals.add(outcome)
    sample = PlanSample(job(folder, cluster), None, (), array("q", sizes), len(sizes), 0.1)
    return Findings(sample, Worked([outcome], totals), Start(1.0, 3.0, "typical"), (), tried)


def files(folder, large):
    """Write one large file and ten small ones; return their sizes."""
    (folder / "in").mkdir()
    text = "n\n" + "".join(f"{n * 7919 % 99_991}\n" for n in range(5000))
    data = gzip.compress(text.encode(), mtime=0) if large.endswith(".gz") else text.encode()
    (folder / "in" / large).write_bytes(data)
    small = len(data) // 40
    for number in range(10):
        (folder / f"in/{number}.csv").write_text("n\n" + "1\n" * (small // 2 - 1))
    return [path.stat().st_size for path in (folder / "in").iterdir()]


def said(figures):
    return hints(figures, dotted)


def test_a_sound_job_is_told_nothing(tmp_path):
    assert said(found(tmp_path, {"read": 1.0, "encode": 1.0, "write": 0.1})) == []


def test_without_trying_it_is_said_where_the_work_is(tmp_path):
    (text,) = said(found(tmp_path, {"read": 1.0, "encode": 3.0}, tried=None))
    assert text.startswith("most of the time is spent in encode (75%).")


def test_who_waits_for_storage_may_have_more_workers(tmp_path):
    waits = found(tmp_path, {"read": 3.0, "encode": 1.0}, cpu={"read": 0.5, "encode": 1.0})
    (text,) = said(waits)
    assert text.startswith("62% of the time is waiting, most of it in read: ")
    assert "execution.workers=4" in text


def test_a_busy_machine_is_not_taken_for_waiting(tmp_path):
    crowded = found(tmp_path, {"read": 2.0, "encode": 2.0}, cpu={"read": 1.0, "encode": 1.0})
    assert crowded.crowded == 0.5
    assert said(crowded) == []


def test_a_small_job_does_without_ray(tmp_path):
    small = found(tmp_path, {"read": 1.0}, sizes=[100], cluster="local")
    (text,) = said(small)
    assert text.startswith("cluster=processes would take about 2.0 s instead of 5.0 s: ")
    assert said(replace(small, start=Start(1.0, 0.0, "warm"), sample=small.sample)) == []


def test_what_cannot_be_cut_is_named(tmp_path):
    sizes = files(tmp_path, "large.csv.gz")
    (text,) = said(found(tmp_path, {"read": 1.0}, sizes=sizes))
    assert text.startswith("the largest partition has 80% of all bytes and cannot be split")


def test_what_can_be_cut_is_planned_so(tmp_path):
    sizes = files(tmp_path, "large.csv")
    (text,) = said(found(tmp_path, {"read": 1.0}, sizes=sizes))
    assert text.startswith("11 partitions keep 2 workers busy unevenly. execution.partition_bytes=")


def test_rejected_rows_are_named_when_they_cost(tmp_path):
    (text,) = said(found(tmp_path, {"read": 1.0, "locate": 1.0}, rejected=300))
    assert text.startswith(
        "50% of the time is spent on finding the file, line and text of 300 rejected"
    )
    assert "Most: n: range (300 rows)" in text


def test_what_costs_next_to_nothing_is_not_named(tmp_path):
    assert said(found(tmp_path, {"read": 0.004, "locate": 0.004}, rejected=2)) == []


def test_a_setting_that_took_less_is_told_and_noise_is_not(tmp_path):
    noise, checks = replace(TRIED, noise=0.3), replace(TRIED, setting="contract.checks=[]")
    figures = found(tmp_path, {"encode": 1.0}, tried=(TRIED, noise, checks))
    assert said(figures) == [
        "sink.compression_level=1 takes 20% less time, and the output is 110% of its current size"
    ]
