"""How a peer is told what to do, and says when it did it. Needs nothing but Python itself.

A peer's module is run inside its own virtual environment: `python -m benchmarks.peers.polars
SPEC.json`. What it imports at the top counts as start-up, and so does what it passes as `start`.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Spec:
    """What is to be done: the scenario, where its input is, and the empty folder for its output."""

    scenario: str
    input: Path
    output: Path
    cpus: int
    params: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, file: Path) -> "Spec":
        """Read it from the file that the benchmark wrote."""
        told = json.loads(file.read_text(encoding="utf-8"))
        folders = {name: Path(told[name]) for name in ("input", "output")}
        return cls(told["scenario"], cpus=told["cpus"], params=told["params"], **folders)

    @property
    def files(self) -> list[Path]:
        """The input files, in the order of their names."""
        return sorted(self.input.glob(self.params["glob"]))

    def folder(self, name: str) -> Path:
        """Make and return a folder of the output: `good` or `bad`."""
        folder = self.output / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


@dataclass
class Clock:
    """When things happened, in seconds since the epoch."""

    ready: float | None = None
    first_at: float | None = None

    def first(self) -> None:
        """Note that a first output stands; later calls change nothing."""
        if self.first_at is None:
            self.first_at = time.time()


Work = Callable[[Spec, Clock], None]


def main(
    scenarios: Mapping[str, Work],
    *,
    packages: tuple[str, ...],
    start: Callable[[Spec], object] | None = None,
    stop: Callable[[], object] | None = None,
) -> None:
    """Do what the specification on the command line asks, and print the line RESULT.

    `packages` are those whose versions tell who it was. `start` starts the engine, `stop` ends it
    after all output stands.
    """
    spec, clock = Spec.read(Path(sys.argv[1])), Clock()
    if start:
        start(spec)
    clock.ready = time.time()
    scenarios[spec.scenario](spec, clock)
    ended = time.time()
    if stop:
        stop()
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    told = {"ready": clock.ready, "first": clock.first_at, "ended": ended, "version": versions}
    print(f"RESULT {json.dumps(told)}", flush=True)
