"""Killed at every named point, a run comes to the same; and the harness sees it when one does not.

A failure prints the seed and the command that replays it.
"""

import json
import re
import shutil

import pytest

from tests.chaos.bench import Bench
from tests.chaos.campaign import campaign
from tests.chaos.judging import last_run
from tests.chaos.nursery import nursery
from tests.chaos.ordeal import suffer
from tests.chaos.shapes import SHAPES

MANY = 1_000_000
MOST_KILLS = 50  # until each process has been one of them
ON_PROCESSES = {"driver, SIGKILL", "pool worker, SIGKILL", "fork server, SIGKILL"}
EVERY = pytest.mark.parametrize("every", [12, pytest.param(1, marks=pytest.mark.slow)])
"""Which of the points: `make test` strikes a twelfth of them, `make test-slow` all."""


@EVERY
@pytest.mark.timeout(300)
def test_killed_anywhere_runs_come_to_the_same(tmp_path, every):
    wrong = []

    def tell(story, _tally):
        if story.problems:
            wrong.append("\n".join([story.replay, *map(str, story.kills), *story.problems]))

    with campaign(tmp_path / "chaos", 0, tell) as made:
        points = list(made.in_process(0).points)[::every]
        made.step, made.runs = every, len(points)
        made.in_process(MANY)

    assert not wrong, "\n\n".join(wrong)
    assert made.tally.lost == made.tally.doubled == made.tally.leftovers == 0
    assert made.tally.kills > len(points) > 60 // every
    hit = {point for _on, _target, point in made.tally.points}
    assert set(points) <= hit, "points that nobody was killed at"


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    with nursery() as children:
        yield Bench(tmp_path_factory.mktemp("bench"), children, SHAPES[1:2])


def drop_a_file(place, _attempt):
    for file in list((place.folder / "out").rglob("*.parquet"))[:1]:
        file.unlink()


def double_a_file(place, _attempt):
    for file in list((place.folder / "out").rglob("*.parquet"))[:1]:
        shutil.copyfile(file, file.with_name(f"again-{file.name}"))


def drop_rejects(place, _attempt):
    shutil.rmtree(place.folder / "out_quarantine", ignore_errors=True)


def leave_a_staged_file(place, _attempt):
    (place.folder / "out" / "x.staged").touch()


def miscount(place, _attempt):
    receipt = place.folder / "state" / "runs" / last_run(place) / "receipt.json"
    if receipt.exists():
        page = json.loads(receipt.read_text())
        page["books"][0]["rows"] += 1
        receipt.write_text(json.dumps(page))


def settle_twice(place, _attempt):
    """Take the answer of a partition a second time, as of a later attempt."""
    ledger = place.folder / "state" / "runs" / last_run(place) / "ledger"
    objects = sorted(ledger.iterdir()) if ledger.exists() else []
    for file in objects:
        lines = file.read_text().splitlines()
        settled = next((line for line in lines if '"event":"settled"' in line), None)
        if settled:
            event = json.loads(settled)
            event["outcome"]["key"][0] += 1
            head = json.loads(lines[0])
            head["events"] += 1
            file.write_text("\n".join([json.dumps(head), *lines[1:], json.dumps(event), ""]))
            return


def damage_the_ledger(place, _attempt):
    for file in (place.folder / "state" / "runs" / last_run(place) / "ledger").glob("*1.jsonl"):
        file.write_text(file.read_text()[:-20])


@pytest.mark.parametrize(
    ("meddle", "says"),
    [
        (drop_a_file, "rows: .* missing|no later run has replaced it"),
        (double_a_file, "rows: .* too many"),
        (drop_rejects, "quarantine: .* missing"),
        (leave_a_staged_file, "left over: out/x.staged"),
        (miscount, "receipt: books"),
        (settle_twice, "was completed twice"),
        (damage_the_ledger, "the ledger is damaged"),
    ],
)
def test_a_harness_that_cannot_fail_is_none(bench, meddle, says):
    story = suffer(0, bench, meddle)
    story.place.clear()

    assert re.search(says, "\n".join(story.problems)), story.problems


def test_a_job_that_fails_by_itself_is_found(bench):
    def spoil(place, _attempt):
        (place.folder / "conf" / "job" / "chaos.yaml").write_text(
            "# @package _global_\nname: chaos\n"
        )

    story = suffer(3, bench, spoil)
    story.place.clear()

    assert any(problem.startswith("exit code 2") for problem in story.problems)


def test_the_same_seed_does_the_same_again(bench):
    kills = []
    for _ in range(2):
        story = suffer(7, bench)
        story.place.clear()
        kills.append(story.kills)
    assert kills[0]
    assert kills[0] == kills[1]


@pytest.mark.parametrize("kills", [6, pytest.param(40, marks=pytest.mark.slow)])
@pytest.mark.timeout(300)
def test_whatever_is_killed_of_worker_processes_runs_come_to_the_same(tmp_path, kills):
    wrong = []

    def tell(story, _tally):
        if story.problems:
            wrong.append("\n".join([story.replay, *map(str, story.kills), *story.problems]))

    with campaign(tmp_path / "chaos", 0, tell) as made:
        made.on_processes(kills)
        while not targets(made) >= ON_PROCESSES and made.tally.kills < MOST_KILLS:
            made.on_processes(1)

    assert not wrong, "\n\n".join(wrong)
    assert made.tally.kills >= kills
    assert made.tally.lost == made.tally.doubled == made.tally.leftovers == 0
    assert targets(made) >= ON_PROCESSES


def targets(made):
    return {target for _on, target, _point in made.tally.points}
