import threading

import pytest

from ingest.workers.processes.channel import Channel


@pytest.fixture
def ends():
    """The driver's end, and the socket of the other."""
    ours, end = Channel.pair()
    yield ours, end
    ours.close()
    end.close()


def test_what_goes_in_comes_out_in_order_both_ways(ends):
    ours, end = ends
    theirs = Channel(end, waits=True)

    ours.send({"a": 1})
    ours.send(b"x" * 100)
    theirs.send("back")

    assert theirs.receive() == [{"a": 1}, b"x" * 100]
    assert ours.receive() == ["back"]
    assert ours.receive() == []
    assert not ours.ended


def test_the_drivers_end_never_waits_for_who_does_not_read(ends):
    ours, end = ends
    theirs = Channel(end, waits=True)
    large = b"x" * 10_000_000

    ours.send(large)
    assert ours.full
    received = []
    reader = threading.Thread(target=lambda: received.extend(theirs.receive()))
    reader.start()
    while ours.full:
        ours.flush()
    reader.join()

    assert received == [large]


def test_half_a_message_of_who_has_died_is_none(ends):
    ours, end = ends
    end.send(b"\0\0\0\0\0\0\0\x08ab")
    end.close()

    assert ours.receive() == []
    assert ours.ended


def test_what_is_sent_to_the_dead_is_lost(ends):
    ours, end = ends
    end.close()

    ours.send(1)

    assert not ours.full


def test_a_worker_sees_that_there_is_news_and_that_there_will_be_no_more(ends):
    ours, end = ends
    theirs = Channel(end, waits=True)
    assert not theirs.has_news()

    ours.send(1)
    assert theirs.has_news()
    assert theirs.receive() == [1]
    ours.close()
    assert theirs.has_news()
    assert theirs.receive() == []
    assert theirs.ended
