"""Worker processes keep what every pool must keep."""

import pytest

from ingest.workers.processes.pool import ProcessWorkers
from tests.pools.laws import LAWS


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_worker_processes(law):
    law(ProcessWorkers)
