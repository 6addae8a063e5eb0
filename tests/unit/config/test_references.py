import pytest

from ingest.config.references import mistake, unreadable


@pytest.mark.parametrize(
    "text", ["plain", r"^\d{2}$", "${lib.mask}", "a/${name}", "${.b}", r"\${x}"]
)
def test_references_to_keys_and_plain_texts_are_fine(text):
    assert mistake(text) is None
    assert unreadable(text) is None


@pytest.mark.parametrize(
    "text", ["${oc.env:HOME}", "a ${oc.env:HOME,x} b", "${lib.${oc.env:HOME}}"]
)
def test_the_environment_is_not_composed(text):
    assert "{env: NAME}" in mistake(text)


@pytest.mark.parametrize(
    "text",
    [
        "${now:%Y}",
        "${hydra:job.name}",
        "${oc.decode:'x'}",
        "${oc.create:[1]}",
        "${oc.select:a,b}",
        "${oc.${x}:HOME}",
        "${${x}:HOME}",
        "${unheard_of:1}",
    ],
)
def test_nothing_is_called_whatever_its_name_is_made_of(text):
    assert "Only references to other keys of the job are allowed" in mistake(text)
    assert unreadable(text) is None


def test_what_cannot_be_parsed_is_said_to_be_so():
    assert "is not a complete reference" in unreadable("${x")
    assert "is not a complete reference" in mistake("${x")
