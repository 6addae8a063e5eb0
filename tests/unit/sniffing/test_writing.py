"""Values as YAML."""

import yaml
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from ingest.sniffing.writing import flow, key

TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    [
        "no",
        "1.10",
        "12:30:00",
        "on",
        "~",
        "${x}",
        "\\${x}",
        "a: b",
        "a #b",
        "- a",
        "*",
        "...",
        "0x1F",
    ]
)


@given(st.lists(TEXTS | st.integers() | st.booleans() | st.none(), max_size=4))
def test_a_list_reads_back_as_it_was(values: list[object]) -> None:
    if "???" in values:
        return  # OmegaConf's sign for a value that is not given yet: `checks` keeps it out
    read = OmegaConf.create(yaml.safe_load(f"values: {flow(values)}"))
    assert OmegaConf.to_container(read, resolve=True) == {"values": values}


@given(TEXTS)
def test_a_key_reads_back_as_it_was(name: str) -> None:
    assert yaml.safe_load(f"{{{key(name)}: 1}}") == {name: 1}
