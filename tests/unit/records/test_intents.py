"""What publishing is going to do is written down, and read as it was or not at all."""

import pytest

from ingest.core.errors import FatalError
from ingest.records.intents import LINES, Intents
from ingest.storage.objects import LocalStore

MANY = [{"put": f"{number}.staged"} for number in range(LINES + 3)]


@pytest.fixture
def intents(tmp_path):
    return Intents(LocalStore(tmp_path), "run1")


def objects(tmp_path):
    return sorted((tmp_path / "runs/run1/publish").iterdir())


def test_lines_come_back_each_time_from_the_beginning(intents, tmp_path):
    intent = intents.read(intents.write("1-main", iter(MANY)))
    assert list(intent) == MANY
    assert next(iter(intent)) == MANY[0]
    assert [file.name for file in objects(tmp_path)] == [
        "1-main-00000.jsonl",
        "1-main-00001.jsonl",
    ]


def test_none_are_no_object(intents, tmp_path):
    facts = intents.write("1-cursor", [])
    assert (facts.objects, facts.lines) == (0, 0)
    assert list(intents.read(facts)) == []


def test_written_twice_the_same_is_an_answer_that_was_lost(intents):
    assert intents.write("1-main", MANY) == intents.write("1-main", MANY)
    with pytest.raises(FatalError, match="written by another process"):
        intents.write("1-main", MANY[1:])


@pytest.mark.parametrize("damage", ["a byte", "an object", "a line"])
def test_what_was_damaged_since_is_not_carried_out(intents, tmp_path, damage):
    facts = intents.write("1-main", MANY)
    last = objects(tmp_path)[-1]
    if damage == "an object":
        last.unlink()
    elif damage == "a byte":
        last.write_text(last.read_text().replace("2000.staged", "2009.staged"))
    else:
        last.write_text(last.read_text() + '{"remove":"a"}\n')
    with pytest.raises(FatalError, match="the list of what the run publishes is damaged"):
        intents.read(facts)
