"""What `--help` shows: every command in the order of use, each with purpose, options, examples."""

import pkgutil
import re
from contextlib import suppress

import pytest

from ingest import __main__ as console
from ingest import commands

LONGEST_LINE = 100


@pytest.fixture
def shown(capsys, monkeypatch):
    """Return a function that gives the help text of a command, as on a narrow terminal."""
    monkeypatch.setenv("COLUMNS", "80")

    def of(*words: str) -> str:
        with suppress(SystemExit):  # argparse leaves by itself
            console.main([*words, "--help"])
        return capsys.readouterr().out

    return of


def test_every_command_is_listed_in_the_order_of_use(shown):
    listed = re.findall(r"^  ([a-z][a-z0-9-]+)  +[a-z]", shown(), re.MULTILINE)
    assert listed == list(console.COMMANDS)
    modules = {module.name for module in pkgutil.iter_modules(commands.__path__)}
    of_commands = {name for name in modules if hasattr(console.command(name), "main")}
    assert of_commands == {name.replace("-", "_") for name in console.COMMANDS}


@pytest.mark.parametrize("name", console.COMMANDS)
def test_a_command_says_what_it_is_for_and_gives_examples_that_it_takes(name, shown):
    text = shown(name)
    usage, purpose, *_, examples = text.strip().split("\n\n")
    assert usage.startswith(f"usage: ingest {name} ")
    assert purpose[0].isupper()
    assert purpose.endswith(".")
    assert all(len(line) <= LONGEST_LINE for line in text.splitlines())
    title, *lines = examples.splitlines()
    assert title in {"example:", "examples:"}
    for line in lines:
        assert line.startswith((f"  ingest {name}", "  python -m ingest.run "))
        assert set(re.findall(r" (--[a-z-]+)", line)) <= set(re.findall(r"--[a-z-]+", text))
