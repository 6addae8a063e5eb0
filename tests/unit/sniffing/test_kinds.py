"""What a handful of texts could be."""

import pytest

from ingest.sniffing.kinds import is_typed, kind_of


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["1", "-20", "0"], "int64"),
        (["1", "0"], "int64"),
        (["3000000000", "9223372036854775807"], "int64"),
        (["1.5", "2", ".25", "1e5"], "float64"),
        (["true", "FALSE"], "boolean"),
        (["Y", "N"], "boolean"),
        (["2013-01-31", "2012-02-29"], "date"),
        (["2013-01-31 05:00:00", "2013-01-31 05:00:00.25"], "timestamp"),
        (["2013-01-31T05:00:00.123456789"], "timestamp(ns)"),
        (["2013-01-31T05:00:00Z", "2013-01-31T05:00:00+02:00"], "timestamp(us, UTC)"),
        (["05:00:00"], "time"),
        ([f"{number}.{number % 10}0" for number in range(20)], "decimal(18,2)"),
        ([f"{number}.125" for number in range(9000, 9020)], "float64"),
        (["9000.125", "2.250", *(f"{number}.500" for number in range(20))], "decimal(18,3)"),
    ],
)
def test_texts_of_one_kind_get_its_type(texts: list[str], kind: str) -> None:
    assert (kind_of(texts).type, kind_of(texts).format) == (kind, None)


@pytest.mark.parametrize(
    ("texts", "kind", "form"),
    [
        (["13/01/2013", "02/01/2013"], "date", "%d/%m/%Y"),
        (["01/13/2013", "01/02/2013"], "date", "%m/%d/%Y"),
        (["2.1.2013"], "date", "%d.%m.%Y"),
        (["2013-1-2"], "date", "%Y-%m-%d"),
        (["02-Jan-2013"], "date", "%d-%b-%Y"),
        (["May 2, 2013", "June 3, 2013"], "date", "%B %d, %Y"),
        (["31.12.2013 05:07"], "timestamp", "%d.%m.%Y %H:%M"),
        (["12/31/2013 5:07 PM"], "timestamp", "%m/%d/%Y %I:%M %p"),
        (["05:07", "23:59"], "time", "%H:%M"),
    ],
)
def test_dates_that_are_not_iso_get_their_format(texts: list[str], kind: str, form: str) -> None:
    assert (kind_of(texts).type, kind_of(texts).format) == (kind, form)


@pytest.mark.parametrize(
    "texts",
    [
        ["1", "x"],
        ["007", "8"],
        ["+49301234", "+49302345"],
        ["9223372036854775808"],
        ["1.5", "12345678901234567"],
        ["1e400"],
        ["1.2.3"],
        ["N"],
        ["2013-02-30"],
        ["13/01/2013", "01/13/2013"],
        ["2013-01-31T05:00:00Z", "2013-01-31T05:00:00"],
        [" 1", "2"],
        ["."],
    ],
)
def test_any_doubt_leaves_text(texts: list[str]) -> None:
    assert kind_of(texts).type == "string"


def test_day_or_month_first_is_not_guessed() -> None:
    kind = kind_of(["01/02/2013", "03/04/2013"])
    assert kind.type == "string"
    assert '"%d/%m/%Y" or "%m/%d/%Y"' in kind.note


def test_a_first_of_january_does_not_tell_either() -> None:
    assert kind_of(["01/01/2013"]).type == "string"


def test_eight_digits_are_a_date_only_by_the_name_of_their_column() -> None:
    assert kind_of(["20130131"]).type == "int64"
    assert kind_of(["20130131"], named_date=True).format == "%Y%m%d"


@pytest.mark.parametrize(
    ("text", "typed"), [("12", True), ("007", True), ("id", False), ("", False)]
)
def test_single_texts(text: str, *, typed: bool) -> None:
    assert is_typed(text) is typed
