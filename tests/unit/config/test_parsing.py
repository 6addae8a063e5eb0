"""Which of the two parsers reads a text must not show."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ingest.config import parsing

CONF = Path(__file__).parents[3] / "conf"
FILES = [path.read_text(encoding="utf-8") for path in sorted(CONF.rglob("*.yaml"))]
MARKS = [*":{}[],#&*!|>'\"%@`- \t\n?~=<\\é\x85\u2028\ufeff\x00", ": ", "- ", "<<: ", "0x1", "\r\n"]


def shape(node: yaml.Node | None) -> object:
    """Return tags, values and lines of a node and all below it."""
    if isinstance(node, yaml.ScalarNode):
        return node.tag, node.value, node.style or None, node.start_mark.line
    if isinstance(node, yaml.SequenceNode):
        return node.tag, [shape(item) for item in node.value], node.start_mark.line
    if isinstance(node, yaml.MappingNode):
        pairs = [(shape(key), shape(value)) for key, value in node.value]
        return node.tag, pairs, node.start_mark.line
    return None


def read(text: str, compose) -> object:
    """Return the shape of a text, or how it is refused."""
    try:
        return shape(compose(text))
    except yaml.YAMLError as error:
        return str(error)


@given(
    st.sampled_from(FILES),
    st.lists(st.tuples(st.integers(0, 3000), st.sampled_from(MARKS), st.booleans()), max_size=4),
)
def test_files_with_slips_of_the_hand_are_read_or_refused_alike(text, slips):
    for position, mark, instead in slips:
        at = position % (len(text) + 1)
        text = text[:at] + mark + text[at + instead :]

    python = read(text, lambda text: yaml.compose(text, Loader=yaml.SafeLoader))

    # "?" within words of a flow mapping is the one thing that only libyaml reads, as it is meant
    if not (isinstance(python, str) and "but got '?'" in python):
        assert read(text, parsing.nodes) == python


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{a: " * 100_000,
        "- " * 50_000,
        "\n".join(" " * n + "a:" for n in range(3000)),
    ],
    ids=["lists", "mappings", "dashes", "indented"],
)
def test_deep_nesting_is_refused_and_ends_no_process(text):
    with pytest.raises((RecursionError, yaml.YAMLError)):
        parsing.nodes(text)
