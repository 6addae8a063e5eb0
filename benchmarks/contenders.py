"""Who takes part in a scenario, what is typed to run each, and what its runs say of themselves."""

import ast
import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from benchmarks.inputs import Input
from benchmarks.measure import Measured
from benchmarks.ours import read_run
from benchmarks.scenario import FOLDER, REPOSITORY, Scenario, Settings, Variant, known
from ingest.core.errors import ConfigError

PEERS = FOLDER / "peers"
_NO_PEERS = {"__init__", "harness", "setup"}
_FROM_FIRST = {"ray_data_tasks", "ray_data_actors"}
"""Whose steady time may count from the first file that stands, if that is better for them."""


@dataclass(frozen=True)
class Run:
    """One measured run of a contender, in seconds and bytes.

    `startup_s` and `steady_s` are the two parts of the time until all output stands; the rest of
    `wall_s` is what stopping takes. `first_s` is when the first output stood, from the start.
    """

    wall_s: float
    startup_s: float
    steady_s: float
    first_s: float | None
    cpu_s: float
    cpu_from: str
    peak_bytes: int
    peak_shm_bytes: int
    load: float


@dataclass(frozen=True)
class Told:
    """What a contender's own output says: when it was ready and done, its version, rows read."""

    ready: float
    first: float | None
    ended: float
    version: str
    rows: int | None = None
    more: dict[str, float] = field(default_factory=dict)


class Contender(Protocol):
    """One that takes part."""

    @property
    def name(self) -> str:
        """What it is called in tables."""

    def command(self, given: Input, output: Path) -> list[str]:
        """Return what is typed."""

    def told(self, measured: Measured, output: Path) -> Told:
        """Read what the run says of itself."""


@dataclass(frozen=True)
class Ours:
    """Ourselves, run as a user does: `ingest.run` in a process of its own."""

    name: str
    scenario: Scenario
    variant: Variant
    settings: Settings

    def command(self, given: Input, output: Path) -> list[str]:
        """Return what is typed in the folder `benchmarks`."""
        cluster = self.variant.cluster or self.settings.cluster
        return [
            sys.executable, "-m", "ingest.run", "--conf", "conf",
            f"+job={self.variant.job or self.scenario.job}",
            f"source.path={given.folder}/{given.glob}",
            f"sink.path={output}/good",
            f"state={output}/state",
            f"cluster={cluster}",
            *([f"execution.workers={self.settings.cpus}"] if cluster != "inline" else []),
            *self.variant.overrides,
            "--json", "--progress", "log",
        ]  # fmt: skip

    def told(self, measured: Measured, output: Path) -> Told:
        """Read receipt and ledger."""
        receipt = json.loads(Path(measured.stdout).read_text(encoding="utf-8").splitlines()[-1])
        run = read_run(output / "state" / "runs" / receipt["run_id"])
        versions = receipt["config"]["versions"]
        version = f"polars {versions['polars']}, ray {versions['ray']}"
        rows = receipt["books"][0]["rows"]
        more = {f"{name}_s": receipt["seconds"][name] for name in ("plan", "work", "publish")}
        return Told(run.published - run.steady_s, run.first, run.published, version, rows, more)


@dataclass(frozen=True)
class Peer:
    """Another engine, run by its module in its own virtual environment."""

    name: str
    start: tuple[str, ...]
    scenario: Scenario
    cpus: int

    def command(self, given: Input, output: Path) -> list[str]:
        """Write the specification; return what is typed."""
        spec = output.parent / f"{self.name}.json"
        told = {
            "scenario": self.scenario.function,
            "input": str(given.folder),
            "output": str(output),
            "cpus": self.cpus,
            "params": {"glob": given.glob, **self.scenario.params},
        }
        spec.write_text(json.dumps(told), encoding="utf-8")
        return [*self.start, str(spec)]

    def told(self, measured: Measured, output: Path) -> Told:
        """Read the last line that begins with RESULT."""
        lines = Path(measured.stdout).read_text(encoding="utf-8", errors="replace").splitlines()
        line = next((line for line in reversed(lines) if line.startswith("RESULT ")), None)
        if line is None:
            raise ValueError("it ended without a line RESULT")
        said = json.loads(line.removeprefix("RESULT "))
        ready, first, ended = said["ready"], said["first"], said["ended"]
        files = len(list(output.glob("good/**/*.parquet")))
        if self.name in _FROM_FIRST and first and files > 1:
            ready = max(ready, ended - (ended - first) * files / (files - 1))
        return Told(ready, first, ended, said["version"])


def run_of(measured: Measured, told: Told) -> Run:
    """Put together what was measured from outside and what the run says of itself."""
    return Run(
        wall_s=measured.wall_s,
        startup_s=told.ready - measured.started,
        steady_s=told.ended - told.ready,
        first_s=told.first - measured.started if told.first else None,
        cpu_s=measured.cpu_s,
        cpu_from=measured.cpu_from,
        peak_bytes=measured.peak_bytes,
        peak_shm_bytes=measured.peak_shm_bytes,
        load=measured.load,
    )


def environment() -> dict[str, str]:
    """Return what contenders see: they import this repository, and may keep bytecode."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(REPOSITORY), "PYTHONSAFEPATH": "1"}


def all_peers() -> list[str]:
    """Return the names of all peers."""
    return sorted({file.stem for file in PEERS.glob("[a-z]*.py")} - _NO_PEERS)


def cannot(peer: str, scenario: Scenario) -> str | None:
    """Return why a peer does not do a scenario, None if it does; its module is only read.

    Raises:
        ConfigError: there is no such peer.
    """
    known("command line: peers", "peer", peer, all_peers())
    tree = ast.parse((PEERS / f"{peer}.py").read_text(encoding="utf-8"))
    for node in tree.body:
        names = [ast.unparse(target) for target in getattr(node, "targets", [])]
        if isinstance(node, ast.Assign) and "CANNOT" in names:
            why: dict[str, str] = ast.literal_eval(node.value)
            if scenario.function in why:
                return why[scenario.function]
    offered = _offered(tree)
    return None if offered is None or scenario.function in offered else "it has no such function"


def _offered(tree: ast.Module) -> set[Any] | None:
    """Return the scenarios in a module's `main({...})`, None if they are not written there."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        given = node.args[0]
        if ast.unparse(node.func) in {"main", "harness.main"} and isinstance(given, ast.Dict):
            return {key.value for key in given.keys if isinstance(key, ast.Constant)}
    return None


def peer(name: str, settings: Settings) -> Peer:
    """Return a peer, ready to run.

    Raises:
        ConfigError: there is none of that name, or it has no virtual environment.
    """
    known("command line: peers", "peer", name, all_peers())
    python = (settings.home / "venvs" / name / "bin" / "python").absolute()
    if not python.exists():
        raise ConfigError(
            f'command line: peers: "{name}" has no virtual environment: there is no {python}. '
            f"Type: python -m benchmarks.peers.setup {name}."
        )
    start = (str(python), "-m", f"benchmarks.peers.{name}")
    return Peer(name, start, settings.scenario, settings.cpus)
