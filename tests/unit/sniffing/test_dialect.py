"""Delimiter, quote, header and line ends inside values."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.sniffing.dialect import Dialect, find_dialect, records_of


@pytest.mark.parametrize(
    ("head", "dialect"),
    [
        ("a,b\n1,2\n", Dialect(",")),
        ("a;b\n1,5;2,5\n3,5;4,5\n", Dialect(";")),
        ("1,5;2,5\n3,5;4,5\n", Dialect(";")),
        ("a\tb\n1, x; y\t2\n", Dialect("\t")),
        ("a|b\n1|2\n", Dialect("|")),
        ('a,b\n1,"x\ny"\n2,"z\nz"\n', Dialect(",", multiline=True)),
        ("a,b\n1,'x, y'\n2,'z'\n", Dialect(",", "'")),
        ('a\tb\n1\t5" pipe\n2\t"6"" pipe\n', Dialect("\t", None)),
        ("# made by hand\n# twice\na,b\n1,2\n", Dialect(",", comment="#")),
        ("#a,b\n1,2\n", Dialect(",")),
        ("name\nDoe, Jane\nplain\nplain\n", Dialect(";")),
        ("betrag\n7,5\n8,25\n1.234,50\n", Dialect(";")),
    ],
)
def test_dialects(head: str, dialect: Dialect) -> None:
    assert find_dialect(head) == dialect


def test_one_open_quote_does_not_join_all_lines() -> None:
    head = "a,b\n" + '1,"2"\n' * 50 + '3,"x\n' + "4,5\n" * 50
    dialect = find_dialect(head)
    assert dialect == Dialect(",")
    assert [record.sound for record in records_of(head, dialect)].count(False) == 1


def test_records_say_how_many_lines_they_take() -> None:
    records = records_of('a,b\n\n1,"x\ny ""z"""\n', Dialect(",", multiline=True))
    assert [(record.fields, record.lines) for record in records] == [
        (("a", "b"), 1),
        (("1", 'x\ny "z"'), 2),
    ]


@settings(max_examples=30)
@given(
    st.sampled_from([",", ";", "\t", "|"]),
    st.lists(
        st.tuples(st.integers(), st.from_regex(r"[a-z ]{1,8}", fullmatch=True), st.integers()),
        min_size=5,
        max_size=30,
    ),
)
def test_a_plain_table_is_split_as_it_was_joined(
    delimiter: str, rows: list[tuple[int, str, int]]
) -> None:
    lines = [delimiter.join(map(str, row)) for row in rows]
    text = "\n".join([delimiter.join(["id", "word", "number"]), *lines, ""])
    dialect = find_dialect(text)
    assert dialect.delimiter == delimiter
    assert [list(one.fields) for one in records_of(text, dialect)[1:]] == [
        [str(value) for value in row] for row in rows
    ]


def test_a_single_column_with_all_signs_is_one_column() -> None:
    dialect = find_dialect("a,b\nc;d\te|f\x01g^h\x1fi\nj\n")
    assert dialect.delimiter == "\x1e"
