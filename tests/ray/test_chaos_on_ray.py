"""Drivers, workers, raylets and nodes are killed: on a Ray of their own, and on a cluster."""

import pytest

from tests.chaos.campaign import campaign

pytestmark = pytest.mark.ray


@pytest.mark.slow  # three minutes; each kind of kill has a test of its own beside this
@pytest.mark.timeout(300)
def test_whatever_is_killed_on_ray_runs_come_to_the_same(tmp_path_factory):
    wrong = []

    def tell(story, _tally):
        if story.problems:
            wrong.append("\n".join([story.replay, *map(str, story.kills), *story.problems]))

    folder = tmp_path_factory.getbasetemp() / "c"  # Ray's sockets have names of 107 bytes at most
    with campaign(folder, 1, tell) as made:
        made.on_ray(8)
        made.seed = 0
        made.on_cluster(4)

    assert not wrong, "\n\n".join(wrong)
    targets = {target for _on, target, _point in made.tally.points}
    assert made.tally.kills >= 12
    assert targets >= {
        "driver, SIGKILL",
        "pool worker, SIGKILL",
        "raylet, SIGKILL",
        "node, all its processes",
    }
