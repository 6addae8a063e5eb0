"""What tests of all kinds share: golden files, their flag, and a state to work in."""

import os
from collections.abc import Callable

import pytest
from hypothesis import settings

from tests.examples import FACTOR

# a busy machine is no failure of a property; CI tries the same examples each time, others new ones
settings.register_profile(
    "ingest", deadline=None, derandomize="CI" in os.environ, max_examples=40 * FACTOR
)
settings.load_profile("ingest")


pytest_plugins = ["tests.lineage.plugin", "tests.services.browsing"]  # tests/ray look at it too


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what is given the longest time, so that no core waits for it at the end.

    What uses Ray has an order of its own, see `tests/ray/conftest.py`.
    """
    items.sort(key=_seconds, reverse=True)


def _seconds(item: pytest.Item) -> float:
    given = None if item.get_closest_marker("ray") else item.get_closest_marker("timeout")
    return float(given.args[0]) if given else 0.0


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with `golden/<name>` beside the test, or rewrite that with --update-golden."""

    def check(name: str, text: str) -> None:
        file = request.path.parent / "golden" / name
        if request.config.getoption("--update-golden"):
            file.write_text(text, encoding="utf-8")
        assert text == file.read_text(encoding="utf-8")

    return check


@pytest.fixture
def state(tmp_path, monkeypatch):
    """A state, and a job `orders` over two rows, in a folder of its own."""
    from tests.faults.state import State

    monkeypatch.chdir(tmp_path)
    state = State(tmp_path)
    state.rows("in/orders/a.csv", 1, 2)
    return state
