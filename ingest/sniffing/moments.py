"""Which type of date or time a column of texts has, and in which format it is written."""

import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache

from ingest.core.dataclass import dataclass
from ingest.sniffing.kind import Kind

MOMENTS = ("date", "time")
"""What the names of their types begin with."""
_CODES = {
    "%Y": r"\d{4}",
    "%m": r"(?:0?[1-9]|1[0-2])",
    "%d": r"(?:0?[1-9]|[12]\d|3[01])",
    "%b": r"[A-Za-z]{3}",
    "%B": r"[A-Za-z]{3,9}",
    "%H": r"(?:[01]?\d|2[0-3])",
    "%I": r"(?:0?[1-9]|1[0-2])",
    "%M": r"[0-5]\d",
    "%S": r"[0-5]\d",
    "%.f": r"(?:\.\d{1,9})?",
    "%p": r"[AaPp][Mm]",
    "%#z": r"(?:Z|[+-]\d{2}:?\d{2})",
}
_DATES = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y",
    "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y",
)  # fmt: skip
_CLOCKS = ("%H:%M:%S%.f", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
_DEFAULTS = {"%Y-%m-%d", "%H:%M:%S%.f"}
_LONGEST_MOMENT = 40
_PARTED = re.compile("[-/.: ]")
"""One of these stands between the parts of every format."""
_COMPACT_DATE = re.compile(r"(?:19|20)\d{6}")


@dataclass(frozen=True, slots=True)
class MomentForm:
    """A format of dates, times or timestamps, by its codes, and the pattern of its texts."""

    kind: str
    form: str
    pattern: re.Pattern[str]

    def moments(self, texts: Iterable[str]) -> list[str]:
        """Return the texts that have the format and are moments, as `2024-02-30` is not."""
        formed = [text for text in texts if self.pattern.fullmatch(text)]
        options = list(_options(self.kind, self.form, formed)) if formed else []
        moments = [option.values(formed).is_not_null() for option in options]
        best = max(moments, key=lambda there: there.sum(), default=())
        return [text for text, there in zip(formed, best, strict=True) if there]


def moment_kind(texts: Collection[str], *, named_date: bool = False) -> Kind | None:
    """Return a date, timestamp or time; text with a note if two formats fit and differ.

    `named_date` says that the column's name speaks of a date, so that 20130131 is one.
    """
    compact = Kind("date", "%Y%m%d")
    if named_date and all(map(_COMPACT_DATE.fullmatch, texts)) and compact.holds(texts):
        return compact
    first = next(iter(texts))
    if not _may_be_moment(first) or len(first) > _LONGEST_MOMENT:
        return None
    fitting = [
        (kind, form)
        for kind, form, pattern in _patterns()
        if pattern.fullmatch(first) and all(map(pattern.fullmatch, texts))
    ]
    options = (option for kind, form in fitting for option in _options(kind, form, texts))
    kinds = [option for option in options if option.holds(texts)]
    forms = [kind.format or "" for kind in kinds]
    if any(_swapped(form) in forms for form in forms if _swapped(form) != form):
        both = " or ".join(f'"{form}"' for form in forms)
        return Kind("string", note=f"a {kinds[0].type}, but of {both}? The sample fits both")
    return kinds[0] if kinds else None


def common_form(texts: Sequence[str], share: float) -> MomentForm | None:
    """Return the format that most of some texts have, at least so many of them.

    None if some of the others have the format with day and month in each other's place.
    """
    likely = list(filter(_may_be_moment, texts))
    if len(likely) < share * len(texts):
        return None  # before 225 patterns are tried
    forms = [MomentForm(*each) for each in _patterns()]
    counts = [sum(form.pattern.fullmatch(text) is not None for text in likely) for form in forms]
    most = max(counts)
    if most < share * len(texts) or not most:
        return None
    best = forms[counts.index(most)]
    swapped = _pattern(_swapped(best.form))
    mixed = any(swapped.fullmatch(text) and not best.pattern.fullmatch(text) for text in likely)
    return None if mixed else best


def _may_be_moment(text: str) -> bool:
    """Say whether a text has what all formats have: three digits, and a sign between parts."""
    return _PARTED.search(text) is not None and sum(map(str.isdigit, text)) >= 3


def _options(kind: str, form: str, texts: Collection[str]) -> Iterator[Kind]:
    """Yield the ways to read a form: as the source's default where it is that, and spelled out."""
    zone = ", UTC" if form.endswith("%#z") else ""
    if kind == "timestamp":
        fine = any(re.search(r"\.\d{7}", text) for text in texts)
        kind = f"timestamp({'ns' if fine else 'us'}{zone})" if fine or zone else "timestamp"
    if set(re.split("[T ]", form.removesuffix("%#z"))) <= _DEFAULTS:
        yield Kind(kind)
    yield Kind(kind, form)


def _swapped(form: str) -> str:
    """Return a format with day and month in each other's place: those two cannot both be right."""
    return form if form.startswith("%Y") else form.translate({ord("d"): "m", ord("m"): "d"})


@cache
def _patterns() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    return tuple((kind, form, _pattern(form)) for kind, form in _forms())


def _forms() -> Iterator[tuple[str, str]]:
    yield from (("date", form) for form in _DATES)
    yield from (("time", form) for form in _CLOCKS)
    for date, clock in itertools.product(_DATES, _CLOCKS):
        for sign, zone in itertools.product(("T", " "), ("", "%#z")):
            yield "timestamp", f"{date}{sign}{clock}{zone}"


def _pattern(form: str) -> re.Pattern[str]:
    parts = re.split(r"(%\.f|%#z|%[A-Za-z])", form)
    return re.compile("".join(_CODES.get(part) or re.escape(part) for part in parts))
