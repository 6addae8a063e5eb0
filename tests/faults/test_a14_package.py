"""Nothing that is to stay is written where Ray unpacks a submitted job, and removes it."""

import shutil

import pytest

from ingest.commands import plan
from ingest.commands.base import guarded
from ingest.workers.on_ray.package import package_of
from tests.bad_input.bench import Bench

PACKAGE = "session_2026-11-29_12-00-00_123456_77/runtime_resources/working_dir_files/_ray_pkg_ab12"


@pytest.mark.parametrize("root", ["/tmp/ray", "/mnt/big disk/ray"])
def test_a_place_in_a_package_is_known_by_its_path(root):
    package = f"{root}/{PACKAGE}"
    assert package_of(package) == package
    assert package_of(f"{package}/data/flights") == package
    for other in (root, f"{root}/session_latest/logs", "/data/working_dir_files/x", "/", "data"):
        assert package_of(other) == ""


def test_a_link_out_of_it_leads_to_a_place_that_stays(tmp_path):
    package = tmp_path / "ray" / PACKAGE
    package.mkdir(parents=True)
    (tmp_path / "disk").mkdir()
    (package / "data").symlink_to(tmp_path / "disk")
    assert package_of(str(package / "data" / "flights")) == ""
    (tmp_path / "linked").symlink_to(package)
    assert package_of(str(tmp_path / "linked" / "out")) == str(package)


@pytest.fixture
def bench(tmp_path, monkeypatch):
    """A job in a folder as that in which `ray job submit --working-dir .` runs its command."""
    package = tmp_path / "ray" / PACKAGE
    package.mkdir(parents=True)
    monkeypatch.chdir(package)
    bench = Bench(package)
    bench.fill(2)
    bench.describe(
        contract={"on_error": "quarantine", "quarantine": {"path": "rejects"}, "columns": {}}
    )
    return bench


def test_relative_outputs_and_state_are_refused_before_anything_is_written(bench, capsys):
    before = sorted(bench.place.rglob("*"))
    result = bench.run()
    assert result.code == 2
    lines = result.err.removeprefix("error: ").splitlines()
    package = bench.place
    assert lines[0].endswith(
        f': sink.path: "{package}/out" is inside "{package}", where Ray unpacked this job; Ray '
        "removes that folder. Use a permanent folder: sink.path=/shared/folder"
    )
    assert all(line.startswith("conf/job/orders.yaml:") for line in lines)
    assert [line.partition('" is inside')[0].partition(": ")[2] for line in lines[1:]] == [
        f'state: "{package}/state',
        f'contract.quarantine.path: "{package}/rejects',
    ]
    assert guarded(plan.main, ["--conf", "conf", "+job=orders"]) == 2
    assert "Ray removes that folder" in capsys.readouterr().err
    assert sorted(bench.place.rglob("*")) == before


@pytest.mark.parametrize("left", ["sink.path", "state", "contract.quarantine.path"])
def test_one_that_is_left_is_enough(bench, tmp_path, left):
    keys = ["sink.path", "state", "contract.quarantine.path"]
    stays = [f"{key}='{tmp_path}/{key}'" for key in keys if key != left]
    result = bench.run(*stays)
    assert result.code == 2
    assert len(result.err.splitlines()) == 1
    assert f": {left}: " in result.err


def test_with_places_that_stay_the_job_runs_and_outlives_its_package(bench, tmp_path):
    result = bench.run(
        f"sink.path='{tmp_path}/out'",
        f"state='{tmp_path}/state'",
        f"contract.quarantine.path='{tmp_path}/rejects'",
    )
    assert result.code == 0, result.err
    shutil.rmtree(tmp_path / "ray")
    assert list((tmp_path / "out").glob("*.parquet"))
