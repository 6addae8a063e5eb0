"""What composing a job comes to."""

import json
import re
from functools import cached_property
from typing import Any

import yaml

from ingest.config.places import KeyPath, Problem
from ingest.config.provenance import Provenance
from ingest.core.dataclass import dataclass


@dataclass(frozen=True)
class Composed:
    """A job as plain data, before it is validated.

    `problems` are mistakes that did not keep it from being composed; `unknown` are the ways to
    values that are not known because of them, so that nothing else is said about these.
    """

    raw: dict[str, Any]
    origin: Provenance
    overrides: tuple[str, ...]
    problems: tuple[Problem, ...]
    unknown: frozenset[KeyPath]

    @cached_property
    def yaml(self) -> str:
        """The job as text that `load.restore` reads back; made once, wherever it is asked first."""
        # PyYAML turns these line ends into spaces, unless it escapes all that is not ASCII
        lossy = re.search("[\x85\u2028\u2029]", json.dumps(self.raw, ensure_ascii=False))
        return yaml.safe_dump(self.raw, sort_keys=False, allow_unicode=not lossy, width=100)
