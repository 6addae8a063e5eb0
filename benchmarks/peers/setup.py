"""Make the peers' virtual environments: `python -m benchmarks.peers.setup polars duckdb`, or `all`.

Each peer has one of its own, <home>/venvs/<peer>, with what requirements/<peer>.txt names, bytecode
compiled. One that was made from the same names and versions is left as it is. <home> is
`.benchmarks` in the repository, or BENCH_HOME.

--list         whether the environments stand, of all or of the peers named
--lock PEER    write requirements/<peer>.txt again from requirements/<peer>.in: versions only
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.scenario import REPOSITORY, known
from ingest.commands.base import guarded
from ingest.core.errors import ConfigError

LOCKS = Path(__file__).with_name("requirements")
OLDEST_PYTHON = "3.11"
"""What a lock is to hold for, and later ones."""


@dataclass(frozen=True)
class Environment:
    """A peer's virtual environment below `home`, and the lock that it is made from."""

    peer: str
    home: Path
    locks: Path = LOCKS

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self.home / "venvs" / self.peer

    @property
    def stands(self) -> bool:
        """Whether it is there, made from the lock as it is now, for this Python."""
        stamp = self.folder / "made-from"
        return stamp.exists() and stamp.read_text(encoding="utf-8") == self._made_from()

    def make(self) -> bool:
        """Make it unless it stands; return whether there was anything to do.

        One that cannot be finished is removed: what is there can be used.

        Raises:
            ConfigError: uv or Java is missing, or a package could not be installed.
        """
        if self.stands:
            return False
        if self.peer == "spark":
            _need_java()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._uv("venv", "--python", sys.executable, str(self.folder))
            python = str(self.folder / "bin" / "python")
            # a lock is complete, so nothing is resolved: what is not in it is not installed
            options = ("--no-deps", "--compile-bytecode", "--python", python)
            self._uv("pip", "install", *options, "-r", str(self.locks / f"{self.peer}.txt"))
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        (self.folder / "made-from").write_text(self._made_from(), encoding="utf-8")
        return True

    def lock(self) -> None:
        """Write the lock again. It never holds an index address: those are this machine's own.

        Raises:
            ConfigError: uv is missing, or finds no versions that go together.
        """
        target = self.locks / f"{self.peer}.txt"
        self._uv(
            "pip", "compile", "--universal", "--python-version", OLDEST_PYTHON, "--upgrade",
            "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links",
            "--output-file", str(target), str(target.with_suffix(".in")),
        )  # fmt: skip

    def _made_from(self) -> str:
        text = (self.locks / f"{self.peer}.txt").read_bytes()
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        return f"{hashlib.sha256(text).hexdigest()} python {version}"

    def _uv(self, *arguments: str) -> None:
        beside = str(Path(sys.executable).parent)
        uv = shutil.which("uv", path=f"{beside}{os.pathsep}{os.environ.get('PATH', '')}")
        if uv is None:
            raise ConfigError(
                f'{self.peer}: no uv: there is no "uv" in {beside}, nor on PATH. It is one of the '
                "packages for development. Type: make setup."
            )
        command = [uv, "--quiet", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = " ".join(done.stderr.split()) or "it said nothing"
            raise ConfigError(
                f"{self.peer}: uv {' '.join(arguments[:2])}: exit code {done.returncode}: {said}. "
                f"To try again, type: python -m benchmarks.peers.setup {self.peer}."
            )


def main(argv: Sequence[str] | None = None) -> int:
    """Make the environments that the command line names, or list them, or lock them again."""
    told = list(sys.argv[1:] if argv is None else argv)
    if not told or {"-h", "--help"} & set(told):
        print(__doc__)
        return 0
    names = chosen([word for word in told if word not in {"--list", "--lock"}])
    home = REPOSITORY / os.environ.get("BENCH_HOME", ".benchmarks")
    if "--list" in told:
        names = names or peers()
    for name in names:
        environment = Environment(name, home)
        if "--list" in told:
            state = "ready" if environment.stands else "not set up"
        elif "--lock" in told:
            environment.lock()
            state = "locked"
        else:
            state = "made" if environment.make() else "ready"
        print(f"{name:<18} {state}", flush=True)
    return 0


def peers() -> list[str]:
    """Return the names of all peers that have a lock."""
    return sorted(file.stem for file in LOCKS.glob("*.txt"))


def chosen(names: Sequence[str]) -> list[str]:
    """Return the peers that are meant, each once; `all` means every one.

    Raises:
        ConfigError: there is no such peer; all wrong names at once.
    """
    wrong: list[str] = []
    for name in names:
        try:
            known("command line", "peer", name, ["all", *peers()])
        except ConfigError as error:
            wrong += error.lines
    if wrong:
        raise ConfigError(*wrong)
    return peers() if "all" in names else list(dict.fromkeys(names))


def _need_java() -> None:
    home = os.environ.get("JAVA_HOME", "")
    if not shutil.which("java") and not Path(home, "bin", "java").exists():
        raise ConfigError(
            'spark: no Java: there is no "java" on PATH, and JAVA_HOME names none. Spark 4 needs '
            "Java 17 or later. On Debian, type: apt-get install openjdk-17-jre-headless."
        )


if __name__ == "__main__":
    sys.exit(guarded(main))
