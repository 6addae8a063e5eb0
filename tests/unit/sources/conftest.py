"""CSV is read by compiled code, and without it: with the same results."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", params=["compiled", "not compiled"])
def reader(request: pytest.FixtureRequest) -> Iterator[None]:
    """Read CSV in one way, then in the other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INGEST_COMPILED", str(int(request.param == "compiled")))
        yield
