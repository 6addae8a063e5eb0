"""Find the functions that `type: python` may call: the job's own, and installed ones."""

import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import polars as pl

from ingest.core.errors import ConfigError
from ingest.core.plugins import Plugin
from ingest.transforms.finding import entry_point, file_of, missing, misspelt

Function = Callable[[pl.DataFrame], object]


def load(name: str, folder: str) -> Function:
    """Return the function that a job names.

    Raises:
        ConfigError: there is none of that name, or its module cannot be imported.
    """
    _, colon, attribute = name.partition(":")
    if not colon:
        return _loaded(entry_point(name))
    path = file_of(name, folder)
    module = _module(path.resolve(), path.stat().st_mtime_ns)
    function = getattr(module, attribute, None)
    if not callable(function):
        known = [each for each, value in vars(module).items() if callable(value)]
        raise missing(path, attribute, known)
    return function  # type: ignore[no-any-return]  # what it returns is checked when it is called


def _loaded(installed: Plugin) -> Function:
    try:
        function: Function = installed.load()
    except ConfigError as error:
        raise ConfigError(f"function: {error}") from error
    return function


def version(name: str, folder: str) -> str:
    """Return what tells one version of a function from another: its file's digest, its package's.

    Raises:
        ConfigError: as `load`.
    """
    load(name, folder)
    module_name, colon, _ = name.partition(":")
    if colon:
        return hashlib.sha256(Path(folder, f"{module_name}.py").read_bytes()).hexdigest()
    installed = entry_point(name)
    return f"{installed.entry.value} {''.join(installed.versions.values())}"


@lru_cache(maxsize=64)
def _module(path: Path, _changed_ns: int) -> ModuleType:
    """Import a file under a name that no installed module has; again if it has changed."""
    name = f"ingest_job_{path.parent.name}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None, "a file that ends in .py has a loader"
    assert spec.loader is not None, "a file that ends in .py has a loader"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise ConfigError(f"function: {path} cannot be imported: {_said(error, path)}") from error
    return module


def _said(error: Exception, path: Path) -> str:
    """Say what is wrong with a module, where, and what to do about it."""
    if isinstance(error, SyntaxError):  # also of a module that it imports
        return misspelt(error)
    where = _line(error, path)
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0]
        return (
            f'{where}: no module "{error.name}" is installed. If it comes with a package, install '
            f"that where the job runs, on all its machines: pip install {package} (the name of the "
            "package may differ). If not, fix the import."
        )
    return f"{where}: {type(error).__name__}: {error}. Fix the file."


def _line(error: Exception, path: Path) -> str:
    """Return the line of the module where an error came up, or of what it was importing there."""
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__)
             if frame.f_code.co_filename == str(path)]  # fmt: skip
    return f"line {lines[-1]}" if lines else "line 1"
