"""What is handed out: before there is an execution, to one, and again when it has ended."""

import pytest

from ingest.core.outcome import Outcome
from ingest.workers.base import Lost
from ingest.workers.on_ray.handout import Handout
from ingest.workers.pool import UNKNOWN
from tests.pools.obedient import assignments


class Execution:
    """Keeps what it is given, and answers nothing."""

    accepts = True

    def __init__(self):
        self.packs = []
        self.paused = []

    def put(self, packs, *, pause=False):
        self.packs += [[each.partition.index for each in pack] for pack in packs]
        self.kept = packs
        self.paused.append(pause)

    def unanswered(self):
        return self.kept[1:]


@pytest.fixture
def answers():
    return []


@pytest.fixture
def handout(answers):
    return Handout(answers.append)


def test_what_comes_before_an_execution_waits_for_it(handout):
    handout.put(assignments(["ok"] * 8, bytes_=100), workers=2)
    execution = Execution()

    assert handout.begin(execution)
    assert execution.packs == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert len(execution.packs[0]) == UNKNOWN


def test_what_has_no_answer_goes_to_the_next_execution(handout):
    handout.put(assignments(["ok"] * 8, bytes_=100), workers=2)
    first, second = Execution(), Execution()
    handout.begin(first)
    handout.end(first)
    assert handout.execution is None

    handout.begin(second)

    assert second.packs == [[4, 5, 6, 7]]


def test_what_was_lost_has_a_pack_of_its_own_from_then_on(handout, answers):
    work = assignments(["ok"] * 4, bytes_=100)
    execution = Execution()
    handout.begin(execution)
    handout.put(work, workers=1)
    for each in work[:2]:
        handout.take(Lost(each.key, "its worker died", culprit=False))
    for each in work[2:]:
        handout.take(Outcome(each.key, each.partition.id))

    handout.put(work, workers=1)

    assert [type(each) for each in answers] == [Lost, Lost, Outcome, Outcome]
    assert execution.packs == [[0, 1, 2, 3], [0], [1], [2, 3]]
    assert execution.paused == [False, False, False]


def test_a_second_try_waits_until_it_is_known_who_is_idle(handout):
    work = assignments(["ok"] * 4, bytes_=100)
    execution = Execution()
    handout.begin(execution)
    handout.put(work, workers=1)

    handout.put(work[1:2], workers=1)

    assert execution.packs == [[0, 1, 2, 3], [1]]
    assert execution.paused == [False, False, True]


def test_nothing_begins_once_it_is_closed(handout):
    live = Execution()
    handout.begin(live)

    assert handout.close() is live
    assert not handout.begin(Execution())
    assert handout.execution is live
