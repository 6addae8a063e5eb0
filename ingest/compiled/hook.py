"""Compiles C when the package is built or installed: `tool.hatch.build` in pyproject.toml.

Without a compiler the package is made all the same, and says that it will be slower. The wheel is
for all platforms: on others than this one, it does without the library.
"""

import os
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path
from runpy import run_path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_FLAGS = ("-std=c11", "-O3", "-fPIC", "-shared")


class CompiledCode(BuildHookInterface[Any]):
    """Puts the library beside its source, and into the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile; what is installed to be edited has the library in the folder of its source."""
        names = run_path(str(Path(self.root, "ingest/compiled/library.py")))
        sources, library = names["SOURCES"], names["library"]()
        if self.target_name != "wheel" or not (library.exists() or self._compile(sources, library)):
            return
        for old in {*library.parent.glob("*.so")} - {library}:
            old.unlink()
        if version != "editable":
            build_data["force_include"][str(library)] = f"ingest/compiled/{library.name}"

    def _compile(self, sources: Sequence[Path], library: Path) -> bool:
        compiler = shlex.split(os.environ.get("CC", "cc"))
        part = library.with_suffix(f".{os.getpid()}")
        command = [*compiler, *_FLAGS, "-o", str(part), *map(str, sources)]
        try:
            subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - the user's own
        except (OSError, subprocess.CalledProcessError) as error:
            output = getattr(error, "stderr", b"").decode(errors="replace")
            self.app.display_warning(
                f"{library.parent}: cannot be compiled: {error}. {output}ingest works without it, "
                "but reads CSV, checks texts and writes Parquet more slowly. Install a C compiler "
                "(or name it: CC=clang), and install ingest again"
            )
            return False
        part.rename(library)
        return True
