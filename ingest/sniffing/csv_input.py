"""What sampled CSV files are together: their rows by column, and what is not sure of them."""

from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate

from ingest.core.counts import counted
from ingest.core.dataclass import dataclass
from ingest.core.paths import readable_path
from ingest.sniffing.csv_files import CsvFile, Row
from ingest.sniffing.dialect import Dialect, Record
from ingest.sniffing.footers import Footer, find_footers
from ingest.sniffing.names import clean_names

ROW_NAME = "row_name"
"""What a first column is called that has no name in a header, as R writes it."""
_HEAD_RECORDS = 500
_SHORTEST_HEAD = 100  # with fewer records, no share is checked
_MOST_PATTERNS = 6
_MANY_SHORT = 0.02


@dataclass(frozen=True, slots=True)
class CsvInput:
    """Sampled files and how they are written.

    `separator` is the delimiter that their first lines name, `sep=;`, if they do. `footers` are
    the totals and notes of each file.
    """

    files: tuple[CsvFile, ...]
    dialect: Dialect
    separator: str | None
    footers: tuple[tuple[Footer, ...], ...]

    @classmethod
    def of(cls, files: Sequence[CsvFile], dialect: Dialect, separator: str | None) -> "CsvInput":
        """Find what is no record in the files."""
        found = (find_footers(file.body, file.width, ended=file.text.ended) for file in files)
        return cls(tuple(files), dialect, separator, tuple(map(tuple, found)))

    @property
    def first(self) -> CsvFile:
        """The first file that has rows, or the first one."""
        return next((file for file in self.files if file.body), self.files[0])

    @property
    def has_header(self) -> bool:
        """Whether the files begin with column names."""
        return self.first.top.header.there

    @property
    def pattern(self) -> str:
        """What the lines of totals and notes match, where it is sure that they are no records."""
        sure = dict.fromkeys(one.pattern for one in self._all_footers() if one.sure)
        if not sure or len(sure) > _MOST_PATTERNS:
            return ""
        return next(iter(sure)) if len(sure) == 1 else "|".join(sure)

    def names(self, file: CsvFile, *, trailing: bool) -> list[str]:
        """Return the names of a file's columns; `trailing` leaves out what no name stands for."""
        width = file.width - trailing
        if not self.has_header:
            return [f"column_{place}" for place in range(1, width + 1)]
        fields = list(file.top.names)
        if file.top.short == "row names":
            fields = [ROW_NAME, *fields]
        return clean_names([*fields, *[""] * file.width][:width])

    def rows(self, file: CsvFile) -> list[Row]:
        """Return the sound records of a file, without totals and notes."""
        return [one.fields for one in self._records(file) if _fits(one, file)]

    def rejects(self, file: CsvFile, misfits: Collection[int] = ()) -> tuple[str, int, int, float]:
        """Return a file's name, and how many of its records to reject: malformed, or misfits.

        The share is the largest: of all, or of a head that a sample may consist of.
        """
        wrong = []
        row = 0
        for record in self._records(file):
            fits = _fits(record, file)
            wrong.append(not fits or row in misfits)
            row += fits
        shares = [count / number for number, count in enumerate(accumulate(wrong), start=1)]
        most = max([*shares[_SHORTEST_HEAD - 1 : _HEAD_RECORDS], *shares[-1:]], default=0.0)
        return readable_path(file.piece.uri), sum(wrong), len(wrong), most

    def place(self, file: CsvFile, row: int) -> str:
        """Say where a row of a file stands: with its line, where that is known."""
        record = [one for one in self._records(file) if _fits(one, file)][row]
        line = record.line + 1 + (self.separator is not None)
        middle = any(record is one for one in file.later)
        name = readable_path(file.piece.uri)
        return name if middle else f"{name}, line {line}"

    def doubts(self, *, ignored: bool) -> Iterator[str]:
        """Say what is not sure; `ignored` says that the job passes over what is no record."""
        doubt = self.first.top.header.doubt
        if doubt:
            yield f"header: {doubt}"
        shorts = list(map(self._short, self.files))
        if max(short / (sound or 1) for short, sound in shorts) >= _MANY_SHORT:
            records = counted(sum(sound for _, sound in shorts), "record")
            count = sum(short for short, _ in shorts)
            have, are = ("has", "is") if count == 1 else ("have", "are")
            yield (
                f"{count:,} of {records} {have} too few fields and {are} rejected. If the missing "
                "fields are null, write short_rows: null"
            )
        if self.dialect.quote is None and (place := self._broken_quote()):
            yield (
                f"quote: null is a guess: {place} has quotes that do not enclose a value, so all "
                "quotes are read as part of the values. If values are enclosed in quotes, write "
                "quote: '\"', and such lines are rejected"
            )
        for footer in self._all_footers():
            line = footer.record.text[:60]
            what = f'the line "{line}" looks like {footer.what}, not a record'
            if footer.sure and ignored:
                yield f"{what}: lines that begin like this are skipped"
                continue
            remedy = f". If it is not a record, write ignore_rows: '{footer.pattern}'"
            yield f"{what}, and is read as one{remedy}"

    def _short(self, file: CsvFile) -> tuple[int, int]:
        """Return how many records lack fields, and of how many."""
        sound = [one for one in self._records(file) if one.sound]
        return sum(len(one.fields) < file.width for one in sound), len(sound)

    def _broken_quote(self) -> str:
        """Return the place of the first record that is malformed if quotes enclose values."""
        grammar = Dialect(self.dialect.delimiter).grammar
        for file in self.files:
            for record in file.records:
                if '"' in record.text and isinstance(grammar.split_one(record.text), str):
                    line = record.line + 1 + (self.separator is not None)
                    return f"{readable_path(file.piece.uri)}, line {line}"
        return ""

    def _records(self, file: CsvFile) -> list[Record]:
        place = self.files.index(file)
        none = {id(footer.record) for footer in self.footers[place]}
        return [record for record in file.body if id(record) not in none]

    def _all_footers(self) -> list[Footer]:
        return [footer for footers in self.footers for footer in footers]


def _fits(record: Record, file: CsvFile) -> bool:
    return record.sound and len(record.fields) == file.width
