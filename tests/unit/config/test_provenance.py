from pathlib import Path

from ingest.config.files import read
from ingest.config.provenance import Provenance


def _recorded(tmp_path: Path, *texts: str, package: tuple[str, ...] = ()) -> Provenance:
    origin = Provenance()
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.yaml").write_text(text)
        origin.record_file(read(f"x/{number}", tmp_path / f"{number}.yaml"), package)
    return origin


def _at(origin: Provenance, *path: str | int) -> str:
    return Path(str(origin.origin(path).place)).name


def test_a_key_is_where_it_was_written_last(tmp_path):
    origin = _recorded(tmp_path, "a: 1\nb:\n  c: 1\n  d: 1\n", "\nb: {c: 2}\n")
    assert _at(origin, "a") == "0.yaml:1"
    assert _at(origin, "b", "c") == "1.yaml:2"
    assert _at(origin, "b", "d") == "0.yaml:4"


def test_a_missing_key_belongs_to_the_nearest_parent(tmp_path):
    origin = _recorded(tmp_path, "a:\n  - {b: 1}\n")
    assert _at(origin, "a", 0, "c") == "0.yaml:2"
    assert _at(origin, "a", 5) == "0.yaml:1"
    assert _at(origin, "z") == "0.yaml:1"


def test_a_list_replaces_the_list_before(tmp_path):
    origin = _recorded(tmp_path, "a:\n  - 1\n  - {b: 1}\n", "\n\na: [1, 2]\n")
    assert _at(origin, "a", 1, "b") == "1.yaml:3"


def test_a_file_of_a_group_is_recorded_below_its_package(tmp_path):
    origin = _recorded(tmp_path, "# x\ntype: csv\n", package=("lib", "in"))
    assert _at(origin, "lib", "in", "type") == "0.yaml:2"
    assert _at(origin, "lib", "in", "path") == "0.yaml:1"


def test_the_command_line_comes_last_and_may_remove(tmp_path):
    origin = _recorded(tmp_path, "a: {b: 1, c: 1}\nd: 1\n")
    origin.record_override(("a",), {"b": 2, "e": {"f": 1}}, "a={b: 2, e: {f: 1}}")
    origin.record_override(("x", "2013"), 1, "x.2013=1")
    origin.forget(("d",))
    origin.forget(("never", "there"))
    assert _at(origin, "a", "b") == _at(origin, "a", "e", "f") == "command line"
    assert _at(origin, "x", 2013) == _at(origin, "x") == "command line"
    assert _at(origin, "a", "c") == "0.yaml:1"
    assert _at(origin, "d") == "0.yaml:1"


def test_a_reference_leads_to_what_it_refers_to(tmp_path):
    origin = _recorded(
        tmp_path, "lib:\n  mask:\n    where: x\na:\n  - ${lib.mask}\n  - x${lib.mask}\n"
    )
    assert _at(origin, "a", 0) == "0.yaml:5"
    assert _at(origin, "a", 0, "where") == "0.yaml:3"
    assert _at(origin, "a", 0, "typo") == "0.yaml:2"
    assert _at(origin, "a", 1, "where") == "0.yaml:6"


def test_the_list_of_defaults_is_no_part_of_the_job(tmp_path):
    origin = _recorded(tmp_path, "a: 1\ndefaults:\n  - b\n")
    assert _at(origin, "defaults") == "0.yaml:1"


def test_places_and_problems_begin_alike(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    origin = _recorded(tmp_path, "a:\n  - x\n")
    assert origin.place(("a", 0)) == "0.yaml:2: a[0]"
    assert str(origin.problem(("a", 0), "no.")) == "0.yaml:2: a[0]: no."
    assert str(origin.problem((), "no.")) == "0.yaml:1: no."
    assert Provenance().place(("a",)) == "command line: a"
