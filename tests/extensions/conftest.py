"""Packages of other people, installed beside ingest: a folder with a module and its metadata."""

from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path, monkeypatch) -> Install:
    """Return what installs a package of one module, with entry points by group.

    `install("toy_sink", {"ingest.sinks": "sqlite = toy_sink:Sqlite"})`. The module is the one of
    that name in this folder, or `source`.
    """
    site = tmp_path / "site-packages"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site))

    def installed(module: str, entries: dict[str, str], source: str | None = None) -> Path:
        text = source if source is not None else (HERE / f"{module}.py").read_text()
        (site / f"{module}.py").write_text(text)
        metadata = site / f"{module}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        lines = [f"[{group}]\n{line}\n" for group, line in entries.items()]
        (metadata / "entry_points.txt").write_text("\n".join(lines))
        return site

    return installed
