"""The columns of delimited files, found when the plan is made: their names and their types."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.errors import BadRowError, ConfigError, FatalError
from ingest.core.partition import Slice
from ingest.sources.base import Layout
from ingest.sources.columns.options import declared_type, refuse_clash, refuse_unknown
from ingest.sources.delimited.guessing import guess_types
from ingest.sources.delimited.header import duplicates, refuse_delimiter, refuse_header
from ingest.sources.delimited.strangers import no_header, refusal, resembles, shares, strangers
from ingest.sources.files.identity import while_planning
from ingest.sources.files.sampling import COMPARED_FILES, SAMPLE_FILES, asked, files_of, spread
from ingest.sources.files.schema import Combined, schema_remarks, together
from ingest.sources.text.bodies import Body
from ingest.sources.text.line_rules import LineTally
from ingest.sources.text.lines import split_records
from ingest.sources.text.ranges import Preamble
from ingest.sources.text.typing import Guesses, typed

if TYPE_CHECKING:
    from ingest.sources.csv import Csv

GUESSING_ROWS = 10_000
"""How many records of each sampled file types are inferred from."""


@dataclass(frozen=True, slots=True)
class Survey:
    """Looks into the files that a CSV source reads: at many headers, and at a few beginnings."""

    csv: "Csv"

    def layout(self, slices: Sequence[Slice], types: Mapping[str, pl.DataType]) -> Layout:
        """Return the header and the types of the columns, as `Source.layout` wants them.

        Raises:
            ConfigError: headers cannot be read, do not go together, or lack declared columns.
        """
        files = files_of(slices)
        declared = {name: declared_type(form) for name, form in self.csv.columns.items()}
        found = self._headers(files, {*declared, *types})
        heads = list(self._heads(_sampled(files, found)))
        names = found.names if found else self._planned_names(heads, types)
        made = self.csv.made_columns(files, declared, types)
        refuse_clash(made.columns, names)
        if found and len(files) > COMPARED_FILES and self.csv.schema_.new_columns == "add":
            found.expect(name for name in declared if name not in made.keys)
        if declared.keys() - {*names, *made.keys} and (told := self.csv.other_delimiter(names)):
            raise ConfigError(told)
        if found and declared and not resembles([*names, *made.keys], declared):
            raise ConfigError(no_header(found.first, self.csv.skip_rows, self.csv.delimiter))
        refuse_unknown("columns", self.csv.columns, [*names, *made.keys])
        facts = {"header": names, **(found.facts if found else {}), **made.facts}
        bare = Layout(dict.fromkeys(names, pl.String()), facts)
        guessed = self._guessed(heads, bare) if self.csv.infer else {}
        columns, notes = {}, {}
        for name in names:
            columns[name], notes[name] = typed(name, declared, types, guessed, field="a CSV field")
        for name, dtype in made.columns.items():
            columns[name], notes[name] = dtype, "the file's name and place"
        remarks = (*(found.remarks() if found else ()), *made.remarks)
        return Layout(columns, facts, notes, schema_remarks(remarks, len(files)))

    def _headers(self, files: Sequence[Slice], wanted: Collection[str]) -> Combined | None:
        """Return the columns of all files together; None if no file says its own.

        `wanted` are names that the job has for its columns.

        Raises:
            ConfigError: a header cannot be read or used, or the headers do not go together.
        """
        if self.csv.header is not True:
            return None
        known: dict[bytes, list[str]] = {}
        headers: dict[str, list[str]] = {}
        compared = spread(files, COMPARED_FILES)
        try:
            for piece, preamble in zip(
                compared, asked(compared, self.csv.text_files().head), strict=True
            ):
                refuse_delimiter(piece.uri, preamble.delimiter, self.csv.delimiter)
                line = preamble.header
                if line is None:
                    continue
                if line not in known:
                    known[line] = self.csv.names_in(piece.uri, line)
                headers[piece.uri] = known[line]
        except (BadRowError, FatalError) as error:
            raise while_planning(error) from None
        if not headers:
            return None
        self._refuse_no_header(headers, wanted)
        return together(headers, self.csv.schema_)

    def _refuse_no_header(
        self, headers: Mapping[str, Sequence[str]], wanted: Collection[str]
    ) -> None:
        """Refuse what was read as a header and cannot be one, whatever `schema` allows.

        Raises:
            ConfigError: a file has no column in common with the others, or names that cannot be.
        """
        example, strange = strangers(headers, wanted)
        if strange:
            raise ConfigError(*refusal(strange, example, self.csv.delimiter))
        for uri, names in {tuple(names): (uri, names) for uri, names in headers.items()}.values():
            if duplicates(names) and wanted and not shares(names, wanted):
                raise ConfigError(no_header(uri, self.csv.skip_rows, self.csv.delimiter))
            refuse_header(names, uri)

    def _heads(self, sample: Sequence[Slice]) -> Iterator[tuple[str, Preamble, bytes]]:
        """Yield what `samples` does, if the delimiter is the one that the files say it is."""
        for uri, preamble, body in self.csv.samples(sample):
            try:
                refuse_delimiter(uri, preamble.delimiter, self.csv.delimiter)
            except BadRowError as error:
                raise ConfigError(str(error)) from None
            yield uri, preamble, body

    def _planned_names(
        self, heads: Sequence[tuple[str, Preamble, bytes]], types: Mapping[str, pl.DataType]
    ) -> list[str]:
        """Return the column names where no header says them."""
        header = self.csv.header
        for _, _, body in heads:
            if header:
                break
            first = split_records([Body(0, body)], self.csv.rules(None)).head(1)["text"].to_list()
            if first and first[0] is not None:
                return [f"column_{n}" for n in range(1, self.csv.dialect.width(first[0]) + 1)]
        given = (
            self.csv.header
            if isinstance(self.csv.header, tuple)
            else list(self.csv.columns or types)
        )
        if not given:
            raise ConfigError(
                f'path: "{self.csv.path}": all sampled files are empty, so the columns are '
                "unknown. Name them: columns: {name: type, …}"
            )
        refuse_header(given, "header")
        return list(given)

    def _guessed(self, heads: Sequence[tuple[str, Preamble, bytes]], layout: Layout) -> Guesses:
        """Guess types from the records of the sample that keep the grammar."""
        names = layout.facts["header"]
        tables = []
        for uri, preamble, body in heads:
            header = self.csv.file_header(uri, preamble, layout) or names
            records = split_records([Body(0, body)], self.csv.rules(layout))
            records = self.csv.filtered(records, header, layout, LineTally())
            texts = records.filter(pl.col("reason").is_null())["text"].head(GUESSING_ROWS)
            texts = self.csv.dialect.tidy(texts, len(header))
            whole = texts.filter(self.csv.dialect.faults(texts, len(header)).is_null())
            table = self.csv.fields(whole, header)
            there = set(table.columns)
            absent = [pl.lit(None, pl.String).alias(name) for name in names if name not in there]
            tables.append(table.with_columns(absent).select(names))
        sample = (
            pl.concat(tables) if tables else pl.DataFrame(schema=dict.fromkeys(names, pl.String))
        )
        nulled = partial(self.csv.values.nulled, strings=False)
        types = guess_types(sample, nulled, self.csv.numerals)
        return {name: (types[name], sample.height) for name in names}


def _sampled(files: Sequence[Slice], found: Combined | None) -> list[Slice]:
    """Return the files whose first records are looked at: a few, and who has brought a column."""
    bringing = {uris[0] for uris in found.added.values()} if found else set()
    sample = spread(files, SAMPLE_FILES)
    return [*sample, *(p for p in files if p.uri in bringing and p not in sample)]
