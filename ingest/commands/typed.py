"""What is typed behind a command, and what is said if that is wrong."""

import argparse
import re
from collections.abc import Callable
from typing import Final, NoReturn

from ingest.core.names import hint


class Parser(argparse.ArgumentParser):
    """A parser whose errors are those of the house: what is wrong, and what to type next."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the command line, and exit with 2."""
        found = ((say, pattern.fullmatch(message)) for pattern, say in _MISTAKES)
        said = next((say(self, match) for say, match in found if match), message)
        stop = "" if said.endswith("?") else "."
        self.exit(2, f"error: command line: {said}{stop} All options: {self.prog} --help\n")

    @property
    def known(self) -> list[str]:
        """The options, as they are typed."""
        return [each for action in self._actions for each in action.option_strings]


def _missing(of: Parser, match: re.Match[str]) -> str:
    names = match[1].upper().replace(", ", " ")
    return f"{names} is missing. Write: {of.prog} {names}"


def _unknown(of: Parser, match: re.Match[str]) -> str:
    word = match[1].split()[0]
    if not word.startswith("-"):
        return f"{word}: one argument too many. Remove it"
    near = hint(word, [each for each in of.known if each.startswith("--")])
    return f"{word}: no such option. {near}".strip().removesuffix(".")


def _value(_of: Parser, match: re.Match[str]) -> str:
    return f"{match[1]}: must be a whole number; got {match[2]}".replace("'", '"')


def _choice(_of: Parser, match: re.Match[str]) -> str:
    known = match[3].replace("'", "")
    return f"{match[1]}: no such choice {match[2]}. Known choices: {known}".replace("'", '"')


def _no_value(_of: Parser, match: re.Match[str]) -> str:
    return f"{match[1]}: needs a value behind it"


_MISTAKES: Final[tuple[tuple[re.Pattern[str], Callable[[Parser, re.Match[str]], str]], ...]] = (
    (re.compile(r"the following arguments are required: (.*)"), _missing),
    (re.compile(r"unrecognized arguments: (.*)"), _unknown),
    (re.compile(r"argument (\S+): invalid int value: (.*)"), _value),
    (re.compile(r"argument (\S+): invalid choice: (.*) \(choose from (.*)\)"), _choice),
    (re.compile(r"argument (\S+): expected (?:one|at least one) argument"), _no_value),
)
"""What the texts of argparse mean."""
