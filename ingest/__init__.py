"""Distributed batch ingestion on Ray: one YAML file becomes a published, audited data set.

From Python: `receipt = ingest.run("flights", ["sink.path=out"])`. What runs a job is imported when
it is first asked for: workers import this package, and need nothing of it.
"""

import importlib
from typing import TYPE_CHECKING

from ingest.core.errors import (
    BadRowError,
    ConfigError,
    ContractError,
    FatalError,
    FencedError,
    IngestError,
    Interrupted,
    JobError,
    RetryableError,
    ThrottledError,
)

if TYPE_CHECKING:
    from ingest.library.jobs import validate
    from ingest.library.plans import PlanSummary, plan
    from ingest.library.receipts import Receipt
    from ingest.library.running import run

__version__ = "0.1.0"
__all__ = [
    "BadRowError",
    "ConfigError",
    "ContractError",
    "FatalError",
    "FencedError",
    "IngestError",
    "Interrupted",
    "JobError",
    "PlanSummary",
    "Receipt",
    "RetryableError",
    "ThrottledError",
    "plan",
    "run",
    "validate",
]

_HOMES = {
    "PlanSummary": "plans",
    "Receipt": "receipts",
    "plan": "plans",
    "run": "running",
    "validate": "jobs",
}

if not TYPE_CHECKING:  # else a wrong name would be right to a type checker

    def __getattr__(name):  # noqa: ANN001, ANN202
        """Import what is asked for the first time."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"ingest.library.{_HOMES[name]}"), name)
        globals()[name] = value
        return value

    def __dir__():  # noqa: ANN202
        """List also what is not imported yet."""
        return sorted({*globals(), *__all__})
