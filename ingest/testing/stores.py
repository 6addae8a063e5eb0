"""What every store for the state must keep, as laws that are run over each of them.

@pytest.mark.parametrize("law", LAWS)
def test_my_store(law):
    law(lambda: MyStore(...))       # opens the same place each time; empty before each law
"""

import threading
from collections.abc import Callable
from contextlib import suppress

from ingest.storage.store import Store

Open = Callable[[], Store]
RACERS = 8


def only_the_first_create_wins(open_store: Open) -> None:
    """One request is told that it created an object; its bytes stay. Equal bytes change nothing."""
    store = open_store()
    assert store.create("a/b", b"one")
    assert not store.create("a/b", b"two")
    assert not store.create("a/b", b"one")
    assert not open_store().create("a/b", b"three")
    assert store.read("a/b") == b"one"
    assert store.create("a/empty", b"")
    assert store.read("a/empty") == b""


def of_many_that_create_at_once_one_wins(open_store: Open) -> None:
    """Whoever is told that it has created an object has done so, and nobody else has."""
    open_store().create("first", b"")
    won: list[bytes] = []

    def create(data: bytes) -> None:
        if open_store().create("x", data):
            won.append(data)

    threads = [threading.Thread(target=create, args=(b"%d" % n,)) for n in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert open_store().read("x") == won[0]


def heartbeats_are_replaced(open_store: Open) -> None:
    """The last bytes that were written are read."""
    store = open_store()
    for data in (b"1", b"2"):
        store.replace("beat", data)
        assert open_store().read("beat") == data


def names_are_those_directly_in_a_folder(open_store: Open) -> None:
    """Objects and folders are listed, sorted and without the folder; nothing is an empty list."""
    store = open_store()
    for name in ("runs/b/ledger/00000000.jsonl", "runs/b/plan.json", "runs/a/x", "runs/bc/x"):
        store.create(name, name.encode())
    assert store.names("runs") == ["a", "b", "bc"]
    assert store.names("runs/b") == ["ledger", "plan.json"]
    assert store.names("") == ["runs"]
    assert store.names("nowhere") == []
    many = [f"{n:08d}.jsonl" for n in range(20)]
    for name in reversed(many):
        store.create(f"many/{name}", b"")
    assert store.names("many") == many


def what_is_not_there_is_told(open_store: Open) -> None:
    """A missing object is no object of no bytes."""
    store = open_store()
    store.create("a/b", b"12345")
    assert store.exists("a/b")
    assert not store.exists("a/c")
    assert (store.size("a/b"), store.size("a"), store.size("c")) == (5, 5, 0)
    try:
        store.read("a/c")
    except FileNotFoundError:
        return
    raise AssertionError("what is not there was read")


def what_is_removed_can_be_created_again(open_store: Open) -> None:
    """A folder goes with all in it, and nothing beside it; what is not there does no harm."""
    store = open_store()
    for name in ("runs/a/ledger/0", "runs/a/mark", "runs/ab/mark"):
        store.create(name, b"1")
    for name in ("runs/a", "runs/a", "nothing"):
        store.remove(name)
    assert store.names("runs") == ["ab"]
    with suppress(FileNotFoundError):
        store.read("runs/a/mark")
        raise AssertionError("what was removed was read")
    assert store.create("runs/a/mark", b"2")
    assert store.read("runs/a/mark") == b"2"


LAWS: tuple[Callable[[Open], None], ...] = (
    only_the_first_create_wins,
    of_many_that_create_at_once_one_wins,
    heartbeats_are_replaced,
    names_are_those_directly_in_a_folder,
    what_is_not_there_is_told,
    what_is_removed_can_be_created_again,
)
