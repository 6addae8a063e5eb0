"""Folders of configuration, written by the tests that compose them."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

JOB = """\
# @package _global_
# A job to vary.
name: orders
source: {type: csv, path: in.csv}
transforms:
  - {type: filter, where: a > 1}
"""

Write = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def conf(tmp_path: Path) -> Write:
    """Write files below a new folder; `job/orders` is there already."""

    def write(files: Mapping[str, str], folder: str = "conf") -> Path:
        for name, text in {"job/orders": JOB, **files}.items():
            file = tmp_path / folder / f"{name}.yaml"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return tmp_path / folder

    return write
