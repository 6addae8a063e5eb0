"""An effect of another package: one file and a line of entry points, in a real distribution."""

import importlib
import json
import shutil
import sys

import pytest

from ingest.core.errors import ConfigError, FatalError
from tests.recovery.jobs import make_job, phase, work, write_input

EFFECT = '''
"""Keeps latest.json beside the output: which run was published there last."""

import json
from pathlib import Path

from ingest.driver.publishing.effect import Effect
from ingest.sinks.base import Published


class Latest(Effect):
    name = "latest"

    def __init__(self, place):
        self.file = Path(place)

    def prepare(self, run):
        yield {"run_id": run.run_id, "rows": run.totals.rows.get("main", 0)}

    def publish(self, lines):
        (line,) = lines
        if Path(f"{self.file}.broken").exists():
            raise ValueError("the pointer is broken")
        # late and twice harmless: the names of runs sort by time
        if not self.file.exists() or json.loads(self.file.read_text())["run_id"] < line["run_id"]:
            self.file.write_text(json.dumps(line))
        return Published(rows=0, inserted=0, facts={"file": str(self.file)})

    def discard(self, run_id):
        pass


def latest(job):
    return Latest(job.sink.uri + "-latest.json") if "latest" in job.tags else None
'''


@pytest.fixture
def install(tmp_path):
    """Put a distribution with a module and an entry point on the path, as pip would."""
    site = tmp_path / "site"

    def installed(code, name="latest", value="latest_effect:latest"):
        about = site / "latest_effect-1.2.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: latest-effect\nVersion: 1.2\n"
        )
        (about / "entry_points.txt").write_text(f"[ingest.effects]\n{name} = {value}\n")
        (site / "latest_effect.py").write_text(code)
        sys.path.append(str(site))
        importlib.invalidate_caches()
        return site

    yield installed
    if str(site) in sys.path:
        sys.path.remove(str(site))
    sys.modules.pop("latest_effect", None)


def job_at(place, **changes):
    write_input(place / "in", files=1)
    return make_job(place, tags={"latest": "yes"}, **changes)


def pointer(place):
    return json.loads((place / "out-latest.json").read_text())


def test_it_is_published_last_with_the_run(tmp_path, install):
    install(EFFECT)

    receipt = work(job_at(tmp_path))

    assert list(receipt["effects"]) == ["quarantine", "main", "latest"]
    assert receipt["effects"]["latest"]["facts"] == {"file": f"{tmp_path}/out-latest.json"}
    assert pointer(tmp_path) == {"run_id": receipt["run_id"], "rows": 4}
    assert work(job_at(tmp_path))["run_id"] == pointer(tmp_path)["run_id"]


def test_it_has_nothing_to_do_with_jobs_that_it_does_not_want(tmp_path, install):
    install(EFFECT)

    receipt = work(job_at(tmp_path).model_copy(update={"tags": {}}))

    assert "latest" not in receipt["effects"]
    assert not (tmp_path / "out-latest.json").exists()


def test_one_that_fails_keeps_its_run_open_and_the_next_attempt_begins_there(tmp_path, install):
    install(EFFECT)
    broken = tmp_path / "out-latest.json.broken"
    broken.touch()

    with pytest.raises(FatalError, match=r'"latest": .*latest-effect 1\.2.*pointer is broken'):
        work(job_at(tmp_path))
    assert phase(tmp_path) == "committed"
    assert list(tmp_path.glob("out/*.parquet")), "the rows are published all the same"
    broken.unlink()
    receipt = work(job_at(tmp_path))

    assert receipt["attempts"] == 2
    assert pointer(tmp_path)["run_id"] == receipt["run_id"]


def test_one_that_ends_the_process_has_failed(tmp_path, install):
    install(EFFECT.replace("raise ValueError", "raise SystemExit"))
    (tmp_path / "out-latest.json.broken").touch()

    with pytest.raises(FatalError, match=r"latest-effect 1\.2.*SystemExit"):
        work(job_at(tmp_path))
    assert phase(tmp_path) == "committed"


def test_the_operator_finishes_a_run_without_it(tmp_path, install):
    install(EFFECT)
    (tmp_path / "out-latest.json.broken").touch()
    with pytest.raises(FatalError, match="pointer is broken"):
        work(job_at(tmp_path))

    receipt = work(job_at(tmp_path, execution={"extensions": False}))

    assert receipt["warnings"] == [
        'effect "latest" was not published, because execution.extensions is false'
    ]
    assert "latest" not in receipt["effects"]
    assert phase(tmp_path) == "done"


def test_a_package_that_is_gone_is_missed_by_a_run_that_is_committed_with_it(tmp_path, install):
    site = install(EFFECT)
    (tmp_path / "out-latest.json.broken").touch()
    with pytest.raises(FatalError, match="pointer is broken"):
        work(job_at(tmp_path))
    sys.path.remove(str(site))

    with pytest.raises(
        FatalError, match=r"no installed package has it .*execution\.extensions=false"
    ):
        work(job_at(tmp_path))


def test_the_door_is_shut(tmp_path, install):
    install("raise RuntimeError('imported')")

    assert "latest" not in work(job_at(tmp_path, execution={"extensions": False}))["effects"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"code": "1 / 0"}, r"from latest_effect:latest: ZeroDivisionError"),
        ({"code": "latest = len"}, r"TypeError.*execution\.extensions=false"),
        ({"code": "latest = repr"}, r"returned str. It must return an .*Effect, or None"),
        ({"code": EFFECT, "name": "main"}, r"the names quarantine, main, cursor are taken"),
    ],
)
def test_what_is_wrong_with_a_package_is_said_before_anything_runs(tmp_path, install, entry, said):
    install(**entry)

    with pytest.raises(ConfigError, match=said):
        work(job_at(tmp_path))
    assert phase(tmp_path) == "none"


def test_two_packages_with_one_name_are_refused(tmp_path, install):
    site = install(EFFECT)
    shutil.copytree(site / "latest_effect-1.2.dist-info", site / "other-1.dist-info")
    (site / "other-1.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: other\nVersion: 1\n"
    )
    importlib.invalidate_caches()

    with pytest.raises(ConfigError, match="both have an entry point of this name"):
        work(job_at(tmp_path))
