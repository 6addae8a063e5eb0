"""Compiled code is there where it can be built."""

import shutil

from ingest.compiled.library import is_there


def test_it_was_built_where_there_is_a_compiler() -> None:
    assert is_there() or not shutil.which("cc")
