"""Compiled code with sanitizers in it."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.compiled.library import SOURCES


@pytest.fixture(scope="session")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], None]:
    """Run a script of this folder with a library that ends the process at a fault of memory."""
    if not shutil.which("cc"):
        pytest.skip("needs a C compiler")
    checked = tmp_path_factory.mktemp("compiled") / "checked.so"
    flags = ("-std=c11", "-g", "-O1", "-fPIC", "-shared", "-fsanitize=address,undefined")
    strict = ("-fno-sanitize-recover=all", "-Wall", "-Wextra", "-Werror")
    subprocess.run(["cc", *flags, *strict, "-o", checked, *SOURCES], check=True)
    found = subprocess.run(
        ["cc", "-print-file-name=libasan.so"], check=True, capture_output=True, text=True
    )

    def run(script: str) -> None:
        subprocess.run(
            [sys.executable, Path(__file__).with_name(script), checked],
            check=True,
            env={"LD_PRELOAD": found.stdout.strip(), "ASAN_OPTIONS": "detect_leaks=0"},
            timeout=100,
        )

    return run
