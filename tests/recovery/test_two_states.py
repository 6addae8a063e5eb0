"""Two runs of one sink that are recorded in two states: one publishes after the other."""

import json

import pytest

from ingest.core.errors import FatalError
from ingest.storage.objects import LocalStore
from ingest.testing.faults import Crash
from tests.recovery.jobs import debris, make_job, phase, published, work, write_input


@pytest.fixture
def places(tmp_path):
    """Two folders with a job each, of other rows, that overwrite one output."""
    places = [tmp_path / "one", tmp_path / "other"]
    for place in places:
        place.mkdir()
        write_input(place / "in")
    (places[1] / "in" / "more.csv").write_text("id,name,n\n900,more,1\n")
    return places


def jobs(places):
    one, other = map(make_job, places)
    sink = other.sink.model_copy(update={"path": one.sink.path, "replaces_jobs": "any"})
    return one, other.model_copy(update={"sink": sink})


class DyingStore(LocalStore):
    """Dies once it has written a record of the ledger that has some words in it."""

    def __init__(self, root, words):
        super().__init__(root)
        self.words = words

    def create(self, name, data):
        made = super().create(name, data)
        if "/ledger/" in name and self.words in data:
            raise Crash
        return made


@pytest.mark.parametrize("words", [b'"publish_begin"', b'"effect":"quarantine"'])
def test_between_the_commit_of_one_and_its_end_the_other_does_not_publish(places, words):
    work(make_job(places[1]))
    expected = published(places[1])[0]
    one, other = jobs(places)
    with pytest.raises(Crash):
        work(one, DyingStore(places[0] / "state", words))
    assert phase(places[0]) == "committed"
    with pytest.raises(FatalError, match="is recorded in another state"):
        work(other)
    assert published(places[0])[0] == [], "nothing was published by either"
    work(one)
    assert published(places[0])[0] not in ([], expected)
    work(other)
    assert published(places[0])[0] == expected
    assert debris(places[0]) == []


def test_the_refusal_says_how_to_finish_and_what_to_do_where_that_state_is_lost(places):
    one, other = jobs(places)
    claim = places[0] / ".ingest-out" / "claim.json"
    with pytest.raises(Crash):
        work(one, DyingStore(places[0] / "state", b'"publish_begin"'))
    page = json.loads(claim.read_text())
    with pytest.raises(FatalError) as refusal:
        work(other)
    assert f"ingest resume {page['run_id']} --state {places[0] / 'state'}" in str(refusal.value)
    for each in places[0].glob(".ingest-*/claim.json"):
        each.unlink()
    work(other)
    claim.write_text("{")
    with pytest.raises(FatalError, match="not a claim"):
        work(other)
