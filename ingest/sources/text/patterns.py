"""Regular expressions for CSV records and for lines of them, see `csv_grammar`."""

import re

from ingest.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Patterns:
    """Patterns over texts whose `delimiter` and `quote` are single ASCII characters.

    With `skip_space`, spaces may stand before a quoted field.
    """

    delimiter: str
    quote: str
    skip_space: bool

    @property
    def quoted(self) -> str:
        """A quoted field."""
        return f"{self._open}{self._quote}"

    @property
    def record(self) -> str:
        """A record whose quotes are right."""
        return rf"\A{self._field}{self._behind}\z"

    @property
    def opens(self) -> str:
        """A line that ends within quotes, if it begins outside of them."""
        return rf"\A(?:{self._field}{self._sign})*{self._spaces}{self._open}\z"

    @property
    def closes(self) -> str:
        """A line that ends outside quotes, if it begins within them."""
        return rf"\A{self._inside}{self._quote}{self._behind}\z"

    @property
    def stays(self) -> str:
        """A line that ends within quotes, if it begins there too."""
        again = f"{self._inside}{self._quote}{self._behind}{self._sign}{self._spaces}{self._open}"
        return rf"\A(?:{self._inside}|{again})\z"

    @property
    def spaces(self) -> str:
        """A quoted field, or the spaces before a field and the delimiter before these."""
        before = f"(^|{self._sign}) +"
        return f"({self.quoted})|{before}" if self.quote else f"(){before}"

    @property
    def _sign(self) -> str:
        return re.escape(self.delimiter)

    @property
    def _quote(self) -> str:
        return re.escape(self.quote)

    @property
    def _spaces(self) -> str:
        return " *" if self.skip_space else ""

    @property
    def _inside(self) -> str:
        return f"(?:[^{self._quote}]|{self._quote}{self._quote})*"

    @property
    def _open(self) -> str:
        return f"{self._quote}{self._inside}"

    @property
    def _field(self) -> str:
        return f"(?:{self._spaces}{self.quoted}|[^{self._quote}{self._sign}]*)"

    @property
    def _behind(self) -> str:
        return f"(?:{self._sign}{self._field})*"
