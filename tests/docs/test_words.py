"""Everything a user reads is plain English: no word on the list in `words`."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from ingest import __main__ as console
from tests.docs.command_page import help_of
from tests.docs.words import stumbles

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "SECURITY.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(page for page in (ROOT / "docs").rglob("*.md") if page.parent.name != "decisions"),
]
SHIPPED = sorted((ROOT / "conf").rglob("*.yaml"))
MODULES = sorted([*(ROOT / "ingest").rglob("*.py"), *(ROOT / "jobs").rglob("*.py")])
PROGRAM = re.compile(r"^( *)```(?:python|sql|sh|yaml)\n.*?^\1```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_is_in_plain_words(page):
    text = PROGRAM.sub(lambda block: "\n" * block[0].count("\n"), page.read_text(encoding="utf-8"))
    refuse([(str(page.relative_to(ROOT)), 1, text)])


def test_the_changes_to_come_are_in_plain_words():
    before, _, rest = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").partition("## [Unrel")
    refuse([("CHANGELOG.md", before.count("\n") + 1, rest.partition("\n## ")[0])])


def test_shipped_files_are_in_plain_words():
    refuse((str(file.relative_to(ROOT)), 1, file.read_text(encoding="utf-8")) for file in SHIPPED)


@pytest.mark.parametrize("command", sorted(console.COMMANDS))
def test_a_command_explains_itself_in_plain_words(command):
    refuse([(f"ingest {command} --help", 1, help_of(command))])


def test_messages_and_descriptions_are_in_plain_words():
    refuse(text for module in MODULES for text in texts(module))


def refuse(texts: Iterable[tuple[str, int, str]]) -> None:
    """Fail with every place that a reader would trip over."""
    found = [
        f'{place}:{first + line - 1}: "{words}". Write: {better}'
        for place, first, text in texts
        for line, words, better in stumbles(text)
    ]
    assert not found, "\n" + "\n".join(found)


def texts(module: Path) -> Iterator[tuple[str, int, str]]:
    """Yield the messages of a module, and the descriptions of options, with file and line.

    A message is every string of several words that is not a docstring or the text of an assert.
    """
    tree = ast.parse(module.read_text(encoding="utf-8"))
    place = str(module.relative_to(ROOT))
    options = {id(text) for text in _descriptions(tree)}
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            if id(node.value) in options:
                yield place, node.lineno, str(node.value.value)
        elif isinstance(node, ast.Assert):
            waiting.append(node.test)
        elif isinstance(node, ast.JoinedStr):
            yield place, node.lineno, "".join(map(_shown, node.values))
            waiting += [each.value for each in node.values if isinstance(each, ast.FormattedValue)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if " " in node.value:
                yield place, node.lineno, node.value
        else:
            waiting += ast.iter_child_nodes(node)


def _shown(part: ast.expr) -> str:
    """Return a part of an f-string: a value as a word that is on no list."""
    return str(part.value) if isinstance(part, ast.Constant) else "VALUE"


def _descriptions(tree: ast.Module) -> Iterator[ast.Constant]:
    """Yield the docstrings below the fields of models: where a class has one, it is an option."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef) or not node.bases:
            continue
        for before, after in zip(node.body, node.body[1:], strict=False):
            match before, after:
                case ast.AnnAssign(), ast.Expr(value=ast.Constant() as text):
                    yield text
