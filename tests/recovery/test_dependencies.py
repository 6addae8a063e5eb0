"""One run never mixes two versions of a table, a function or a secret."""

import threading

import pytest

from ingest.core.errors import ConfigError, FatalError, Interrupted
from ingest.workers.in_process import InProcessWorkers
from tests.recovery.jobs import make_job, published, work, write_input


def job_with(place, step):
    (place / "ref.csv").write_text("k,v\nx,1\n")
    (place / "salt").write_text("one")
    write_input(place / "in")
    return make_job(place, transforms=[step])


def steps(place):
    return {
        "lookup": (
            {"type": "lookup", "reference": {"path": f"{place}/ref.csv"}, "key": {"name": "k"}},
            place / "ref.csv",
            "k,v\nx,2\n",
        ),
        "mask": (
            {
                "type": "mask",
                "columns": ["name"],
                "method": "hash",
                "salt": {"file": f"{place}/salt"},
            },
            place / "salt",
            "two",
        ),
    }


@pytest.mark.parametrize("kind", ["lookup", "mask"])
def test_a_run_is_not_resumed_with_another_version(tmp_path, kind):
    step, file, changed = steps(tmp_path)[kind]
    job = job_with(tmp_path, step)
    stop = threading.Event()
    with pytest.raises(Interrupted):
        work(job, listeners=(lambda e, _: e.name == "settled" and stop.set(),), stop=stop)
    before = file.read_text()
    file.write_text(changed)
    with pytest.raises(ConfigError, match=rf"what 0\.{kind} depends on .* has changed since"):
        work(job)
    file.write_text(before)
    work(job)
    assert published(tmp_path)[0]


def test_what_changes_while_a_run_is_going_on_is_not_published(tmp_path):
    step, file, changed = steps(tmp_path)["lookup"]

    class Meddling(InProcessWorkers):
        def results(self, timeout_s):
            file.write_text(changed)
            return super().results(timeout_s)

    job = job_with(tmp_path, step)
    with pytest.raises(FatalError, match="has changed during the run"):
        work(job, workers=Meddling())
    assert published(tmp_path) == ([], [])
    work(job)
    assert published(tmp_path)[0], "the same command starts over with the table as it is"
