"""Compiles `csv.c` when the package is built or installed; see `tool.hatch.build` in pyproject.toml.

Without a compiler the package is made all the same, and says that it will be slower.
"""

import os
import shlex
import subprocess
import sysconfig
from pathlib import Path
from runpy import run_path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FLAGS = ("-std=c11", "-O3", "-fPIC", "-shared")


class CompiledCode(BuildHookInterface[Any]):
    """Puts the library beside its source, and into the wheel, which is then for this platform."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, if this makes a wheel; an editable one has it in the folder of the source."""
        if self.target_name != "wheel":
            return
        names = run_path(str(Path(self.root, "ingest/compiled/library.py")))
        source, library = names["SOURCE"], names["library"]()
        if not library.exists() and not self._compile(source, library):
            return
        for old in source.parent.glob("csv-*.so"):
            if old != library:
                old.unlink()
        if version != "editable":
            build_data["pure_python"] = False
            platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
            build_data["tag"] = f"py3-none-{platform}"
            build_data["force_include"][str(library)] = f"ingest/compiled/{library.name}"

    def _compile(self, source: Path, library: Path) -> bool:
        compiler = shlex.split(os.environ.get("CC", "cc"))
        part = library.with_suffix(f".{os.getpid()}")
        try:
            subprocess.run([*compiler, *FLAGS, "-o", part, source], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            output = getattr(error, "stderr", b"").decode(errors="replace")
            self.app.display_warning(
                f"ingest/compiled/csv.c: cannot be compiled: {error}. {output}CSV will be read "
                "correctly, but at half the speed. Install a C compiler (or set CC), and install "
                "ingest again"
            )
            return False
        part.rename(library)
        return True
