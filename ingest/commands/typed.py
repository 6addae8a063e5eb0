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

    @property
    def required(self) -> list[str]:
        """The words that have to be typed, in their order."""
        words = [each for each in self._actions if each.required and not each.option_strings]
        return [str(each.metavar or each.dest).upper() for each in words]


def count(least: int) -> Callable[[str], int]:
    """Return what reads a whole number of at least so many from what is typed."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f'must be a whole number; got "{text}"') from None
        if number < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}; got {number}")
        return number

    return read


def _missing(of: Parser, match: re.Match[str]) -> str:
    names = match[1].upper().replace(", ", " ")
    return f"{names} is missing. Write: {' '.join([of.prog, *of.required])}"


def _unknown(of: Parser, match: re.Match[str]) -> str:
    word = match[1].split()[0]
    if not word.startswith("-"):
        return f"{word}: one argument too many. Remove it"
    near = hint(word, [each for each in of.known if each.startswith("--")])
    return f"{word}: no such option. {near}".strip().removesuffix(".")


def _value(_of: Parser, match: re.Match[str]) -> str:
    return f"{match[1]}: must be a whole number; got {match[2]}".replace("'", '"')


def _refused(_of: Parser, match: re.Match[str]) -> str:
    return f"{match[1]}: {match[2]}"


def _choice(_of: Parser, match: re.Match[str]) -> str:
    known = match[3].replace("'", "")
    return f"{match[1]}: no such choice {match[2]}. Known choices: {known}".replace("'", '"')


def _no_value(_of: Parser, match: re.Match[str]) -> str:
    return f"{match[1]}: needs a value behind it"


_MISTAKES: Final[tuple[tuple[re.Pattern[str], Callable[[Parser, re.Match[str]], str]], ...]] = (
    (re.compile(r"the following arguments are required: (.*)"), _missing),
    (re.compile(r"unrecognized arguments: (.*)"), _unknown),
    (re.compile(r"argument (\S+): invalid int value: (.*)"), _value),
    (re.compile(r"argument (\S+): (must be .*)"), _refused),
    (re.compile(r"argument (\S+): invalid choice: (.*) \(choose from (.*)\)"), _choice),
    (re.compile(r"argument (\S+): expected (?:one|at least one) argument"), _no_value),
)
"""What the texts of argparse mean."""
