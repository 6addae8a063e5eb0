"""All options of CSV together: read at once or one by one, whole or cut, it comes to the same."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.csv import Csv
from ingest.testing.sources import assert_balanced, layout_of, pack, records_of
from tests.examples import examples
from tests.unit.sources.text.test_source import CarefulCsv, found, is_readable

pytestmark = pytest.mark.usefixtures("reader")

PIECES = [
    "1", "x", ",", "||", ";", " ", '"', '""', "\n", "\n", "\n", "\r\n", "\r", "\\", "\\\n", '\\"',
    "#", "# ", "sum", "p,q\n", "p||q\n", "p;q;\n", "1,2\n", "1||2\n", "1;2;\n", '3,"a b"\n', "é",
    "-4, 5\n", "\x1f", "\0", "\ufeff", '"x\ny"', '"z',
]  # fmt: skip
OPTIONS = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from([",", ",", "||", ";"]),
        "quote": st.sampled_from(['"', '"', '"', None]),
        "escape": st.sampled_from([None, None, "\\"]),
        "skip_space": st.booleans(),
        "trailing_delimiter": st.sampled_from(["reject", "ignore"]),
        "short_rows": st.sampled_from(["reject", None]),
        "repeated_headers": st.sampled_from(["reject", "ignore", "keep"]),
        "null_values": st.sampled_from([("",), ("", "x"), ()]),
        "multiline": st.booleans(),
        "comment": st.sampled_from([None, "#"]),
        "blank_lines": st.sampled_from(["reject", "skip"]),
        "ignore_rows": st.sampled_from([None, "^sum"]),
        "skip_footer": st.sampled_from([0, 0, 1, 2]),
        "columns": st.sampled_from([{}, {"p": "int64"}, {"p": "float64", "q": "int8"}]),
        "encoding": st.sampled_from(["utf-8", "utf-8", "utf-8", "latin-1"]),
    }
)
LINES = [
    "1,2\n", "3,x\n", '4,"a, b"\n', "5||6\n", "7;8\n", "9;\n", "1,2,\n", "3\n", "4, 5\r\n", "\n",
    "# x\n", "sum,1\n", "p,q\n", "6,\\,\n", '7,"\\""\n', '8,"x\n', '9"\n', '1,"2"\n',
]  # fmt: skip
TEXTS = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=25), st.lists(st.sampled_from(LINES), max_size=12)
).map(lambda pieces: "".join(pieces).encode())


@pytest.mark.slow
@examples(100)
@given(TEXTS.filter(lambda data: is_readable(b"\n" + data)), OPTIONS, st.integers(1, 40))
def test_all_options_together(data: bytes, options: dict[str, Any], target: int) -> None:
    head = options["delimiter"].join("pq") + "\n"
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(head.encode() + data)
        source = Csv(type="csv", path=str(path), **options)
        careful = CarefulCsv(type="csv", path=str(path), **options)
        layout = layout_of(source)
        whole = pack(list(source.slices(10**9)))
        read = source.read(whole, layout)
        assert_balanced(read)
        slow = careful.read(whole, layout)
        assert repr(found(slow)) == repr(found(read))
        assert slow.filtered == read.filtered
        cut = pack(list(source.slices(target)))
        assert records_of(source, cut, layout) == records_of(source, whole, layout)
        assert source.read(cut, layout).filtered == read.filtered
