"""Two runs of one sink that are recorded in two states: one publishes after the other."""

import json
from itertools import count

import pytest

from ingest.core.errors import FatalError
from ingest.storage.objects import LocalStore
from ingest.testing.faults import Crash, CrashingStore
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


def test_while_one_publishes_the_other_waits_for_its_end(places):
    """Cut off at every write: between its commit and its end nobody else publishes."""
    refused = 0
    work(make_job(places[1]))
    expected = published(places[1])[0]
    for at in count(1):
        one, other = jobs(places)
        try:
            work(one, CrashingStore(LocalStore(places[0] / "state"), at, "after"))
        except Crash:
            pass
        else:
            break
        claimed = list(places[0].glob(".ingest-out/claim.json"))
        if phase(places[0]) != "committed":
            assert not claimed or json.loads(claimed[0].read_text())["run_id"]
            continue
        if claimed:
            with pytest.raises(FatalError, match="is recorded in another state"):
                work(other)
            refused += 1
        work(one)
        assert published(places[0])[0] != expected
        work(other)
        assert published(places[0])[0] == expected
        assert debris(places[0]) == []
    assert refused >= 1
