"""Whether there is the function that `type: python` names, without running any code."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from ingest.core.errors import ConfigError
from ingest.core.names import hint
from ingest.core.plugins import Plugin, plugin, plugins

GROUP = "ingest.functions"
_DYNAMIC = {"__getattr__", "eval", "exec", "globals", "locals", "setattr", "vars"}
"""A module that uses one of these may have names that its text does not show."""


def find(name: str, folder: str) -> None:
    """Look for a function: in the text of its file, or among the installed entry points.

    Where the text leaves open whether it is there, that is left to the import.

    Raises:
        ConfigError: there is none of that name, or the file is not Python.
    """
    _, colon, attribute = name.partition(":")
    if not colon:
        entry_point(name)
        return
    path = file_of(name, folder)
    try:
        nodes = list(ast.walk(ast.parse(path.read_bytes(), str(path.resolve()))))
    except SyntaxError as error:
        raise ConfigError(f"function: {path} cannot be imported: {misspelt(error)}") from error
    except (OSError, ValueError, RecursionError):  # of these the import tells more
        return
    names = {name for node in nodes for name in _names(node)}
    if attribute not in names and not names & {"*", *_DYNAMIC}:
        known = [node.name for node in nodes if isinstance(node, ast.FunctionDef)]
        raise missing(path, attribute, known)


def file_of(name: str, folder: str) -> Path:
    """Return the file of `module:function`.

    Raises:
        ConfigError: there is none.
    """
    path = Path(folder, f"{name.partition(':')[0]}.py")
    if not path.is_file():
        raise ConfigError(
            f'function: "{name}": there is no file {path}. Create it, or fix the name.'
        )
    return path


def entry_point(name: str) -> Plugin:
    """Return the entry point of that name.

    Raises:
        ConfigError: none is installed.
    """
    try:
        installed = plugin(GROUP, name)
    except ConfigError as error:
        raise ConfigError(f"function: {error}") from error
    if installed is None:
        known = [each.name for each in plugins(GROUP)]
        raise ConfigError(
            f'function: no entry point "{name}" of the group {GROUP} is installed. '
            f"{hint(name, known)}Installed: {', '.join(known) or 'none'}. For a "
            "function in the job's folder write module:function."
        )
    return installed


def missing(path: Path, attribute: str, known: Iterable[str]) -> ConfigError:
    """Make the error for a module without that function; `known` are those that it has."""
    there = sorted({name for name in known if not name.startswith("_")})
    return ConfigError(
        f'function: {path} has no function "{attribute}". {hint(attribute, there)}Functions there: '
        f"{', '.join(there) or 'none'}."
    )


def misspelt(error: SyntaxError) -> str:
    """Say what is no Python: file, line and text."""
    place = "" if error.lineno is None else f"{error.filename}:{error.lineno}: "
    text = f": {error.text.strip()!r}" if error.text else ""
    return f"{place}{type(error).__name__}: {error.msg}{text}. Fix the file."


def _names(node: ast.AST) -> Iterator[str]:
    """Yield the names that a piece of code binds or uses, and its texts, which may be names."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.alias):
        yield node.asname or node.name
    elif isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
