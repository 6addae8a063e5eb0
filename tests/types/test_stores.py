"""The laws of stores, on a local disk; tests/services has those in a bucket."""

import pytest

from ingest.storage.objects import LocalStore
from ingest.storage.retrying import RetryingStore
from ingest.testing.stores import LAWS


class Requested(LocalStore):
    """A local store that takes tokens, as those do that lose answers."""

    def create(self, name, data, token=""):
        assert token
        return super().create(name, data)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_a_store_keeps_the_laws(law, tmp_path):
    law(lambda: LocalStore(tmp_path / "plain"))
    law(lambda: RetryingStore(Requested(tmp_path / "again"), 3))
