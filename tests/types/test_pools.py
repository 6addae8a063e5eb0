"""Worker processes keep what every pool must keep."""

import pytest

from ingest.testing.pools import LAWS
from ingest.workers.processes.pool import ProcessWorkers


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_worker_processes(law):
    law(ProcessWorkers)
