"""The page about Python, from the functions' docstrings and the fields of what they return."""

import ast
import dataclasses
import inspect
import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

import ingest
from ingest.library.plans import PlanSummary, UnfinishedRun
from ingest.library.receipts import PublishedOutput, Receipt, RowCounts, StepCounts
from tests.docs.options import doc, flat, markdown
from tests.docs.type_pages import page

FUNCTIONS = (ingest.run, ingest.plan, ingest.validate)
RETURNED = (Receipt, RowCounts, StepCounts, PublishedOutput, PlanSummary, UnfinishedRun)
SECTIONS = {"Args": "argument", "Raises": "error"}


def python() -> str:
    """Return the page."""
    parts = [
        "# Python",
        (
            "`import ingest`. The commands [`run`, `plan` and `validate`](commands.md) as "
            "functions with typed results; the package ships its types (`py.typed`). The import "
            "is fast: other libraries are imported at the first call. With "
            "Airflow, Dagster, Prefect and in notebooks: "
            "[Run jobs from Python](../guides/orchestrators.md)."
        ),
        *(part for function in FUNCTIONS for part in described(function)),
        "## Settings",
        (
            "`overrides` is a list of texts as on the command line, or a mapping of keys to text "
            "(used unchanged), numbers, True, False, None, paths, or lists of these. A `Folder` is "
            "a path, as text or `pathlib.Path`, or None. `Progress` is True, False or a function."
        ),
        *(part for cls in RETURNED for part in (f"## {cls.__name__}", doc(cls), fields(cls))),
        "## Errors",
        (
            "`ingest.ConfigError` and others: [Errors](errors.md) lists them. All except "
            "`Interrupted` are subclasses of `ingest.IngestError`."
        ),
    ]
    return page(parts)


def described(function: Callable[..., Any]) -> Iterator[str]:
    """Yield a function's signature, and what its docstring says."""
    yield f"## {function.__name__}"
    yield f"```python\n{signature(function)}\n```"
    text, *sections = re.split(
        r"^(Args|Raises):\n", inspect.getdoc(function) or "", flags=re.MULTILINE
    )
    yield markdown(text)
    for name, body in zip(sections[::2], sections[1::2], strict=True):
        rows = re.split(r"^    (\w+): ", body, flags=re.MULTILINE)[1:]
        lines = "".join(
            f"| `{key}` | {flat(what)} |\n" for key, what in zip(rows[::2], rows[1::2], strict=True)
        )
        yield f"| {SECTIONS[name]} | meaning |\n|---|---|\n{lines}"


def signature(function: Callable[..., Any]) -> str:
    """Return a function as it is written, an argument a line."""
    (tree,) = ast.parse(inspect.getsource(function)).body
    assert isinstance(tree, ast.FunctionDef)
    given = tree.args
    without = len(given.args) - len(given.defaults)
    defaults = [*[None] * without, *given.defaults]
    lines = [_argument(*each) for each in zip(given.args, defaults, strict=True)]
    lines += ["*"] if given.kwonlyargs else []
    lines += [_argument(*each) for each in zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    inner = "".join(f"    {line},\n" for line in lines)
    return f"ingest.{function.__name__}(\n{inner}) -> {ast.unparse(tree.returns or tree)}"


def _argument(argument: ast.arg, default: ast.expr | None) -> str:
    value = "" if default is None else f" = {ast.unparse(default)}"
    return f"{argument.arg}: {ast.unparse(argument.annotation or argument)}{value}"


def fields(cls: type[Any]) -> str:
    """Return the table of a class's fields.

    Raises:
        AssertionError: a field has no description.
    """
    written, said = {}, {}
    for name, kind, text in _fields(cls):
        written[name], said[name] = kind, text
    rows = ""
    for field in dataclasses.fields(cls):
        assert field.name in said, f"{cls.__name__}.{field.name}: write what it is below the field"
        kind = re.sub(r"\b[a-z]+\.(?=[A-Z])", "", written[field.name]).replace("|", "\\|")
        rows += f"| `{field.name}` | `{kind}` | {flat(said[field.name])} |\n"
    return f"| field | type | meaning |\n|---|---|---|\n{rows}"


def _fields(cls: type[Any]) -> Iterator[tuple[str, str, str]]:
    (tree,) = ast.parse(inspect.getsource(cls)).body
    assert isinstance(tree, ast.ClassDef)
    for before, after in itertools.pairwise(tree.body):
        match before, after:
            case (
                ast.AnnAssign(target=ast.Name(id=name), annotation=kind),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, ast.unparse(kind), text
