"""Walk along the tokens of an expression."""

from ingest.core.errors import ConfigError
from ingest.expressions.tokens import Token, at, tokens


class Cursor:
    """A place among the tokens of a text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(tokens(text))
        self.index = 0

    @property
    def now(self) -> Token:
        """The token that comes next."""
        return self.tokens[self.index]

    @property
    def following(self) -> Token:
        """The token after that."""
        return self.tokens[min(self.index + 1, len(self.tokens) - 1)]

    def take(self) -> Token:
        """Take the next token."""
        token = self.now
        self.index += 1
        return token

    def word(self, *words: str) -> bool:
        """Take the next token if it is one of these words."""
        found = self.now.is_word(*words)
        self.index += found
        return found

    def symbol(self, value: str) -> bool:
        """Take the next token if it is this operator."""
        found = self.now.kind == "operator" and self.now.value == value
        self.index += found
        return found

    def need(self, value: str) -> None:
        """Take this operator or word, or fail."""
        if not (self.symbol(value) or self.word(value.lower())):
            raise self.unexpected(f'"{value}"')

    def unexpected(self, wanted: str) -> ConfigError:
        """Make the error for a token that stands where something else should."""
        where = at(self.now.place, self.text)
        if self.now.kind == "end":
            return ConfigError(f"{where}: the expression ends, expected {wanted}. Complete it.")
        return ConfigError(
            f'{where}: found "{self.now.value}", expected {wanted}. Fix the expression there.'
        )
