"""What is wrong with a package is one line that names it, and only jobs that need it see it."""

import sys

import pytest

from ingest.commands.base import guarded
from ingest.commands.init import main as init
from tests.faults.job import FaultJob

BROKEN = "import nothing_of_this_name\n"
SINK = {"ingest.sinks": "sqlite = toy_sink:Sqlite"}


@pytest.fixture
def job(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    job = FaultJob(tmp_path)
    job.write("in/a.csv", "id\n1\n")
    return job


def to(name: str) -> dict[str, object]:
    return {"sink": {"type": name, "path": "out", "write_disposition": "append"}}


def refusal(job, *more: str) -> str:
    result = job.run(*more)
    assert result.code == 2
    (line,) = result.err.strip().splitlines()
    return line


def test_a_package_that_cannot_be_imported_is_named(job, install):
    install("toy_broken", {"ingest.sinks": "broken = toy_broken:Sink"}, BROKEN)
    job.define(parts=to("broken"))
    line = refusal(job)
    assert "conf/job/x.yaml:9: sink.type: " in line
    assert (
        "package toy_broken 1.0 in ingest.sinks cannot be imported from toy_broken:Sink: " in line
    )
    assert "No module named 'nothing_of_this_name'. Update or uninstall that package" in line


def test_a_broken_package_is_not_touched_by_a_job_that_does_not_name_it(job, install):
    install("toy_broken", {"ingest.sinks": "broken = toy_broken:Sink"}, BROKEN)
    job.define()
    assert job.run().code == 0
    assert "toy_broken" not in sys.modules


def test_init_says_which_package_it_cannot_ask(job, install, capsys):
    install("toy_broken", {"ingest.formats": "broken = toy_broken:Format"}, BROKEN)
    assert guarded(init, ["in", "--name", "people"]) == 0
    text = "".join(capsys.readouterr())
    assert 'skipped: type "broken": the entry point of package toy_broken 1.0' in text


def test_two_packages_of_one_type_are_refused(job, install):
    install("toy_one", {"ingest.sinks": "both = toy_one:Sink"}, "")
    install("toy_two", {"ingest.sinks": "both = toy_two:Sink"}, "")
    job.define(parts=to("both"))
    line = refusal(job)
    assert '"both": package toy_one 1.0 and package toy_two 1.0 both have' in line
    assert line.endswith("Uninstall one of them")


def test_a_class_that_is_no_sink_is_refused(job, install):
    install("toy_other", {"ingest.sinks": "other = toy_other:Other"}, "class Other:\n    pass\n")
    job.define(parts=to("other"))
    assert "toy_other.Other is not derived from ingest.sinks.base.Sink" in refusal(job)


def test_a_class_has_the_name_of_its_entry_point(job, install):
    install("toy_sink", {"ingest.sinks": "lite = toy_sink:Sqlite"})
    job.define(parts=to("lite"))
    assert 'toy_sink.Sqlite has type: Literal["sqlite"], and its name must be' in refusal(job)


def test_an_operator_can_shut_the_door(job, install):
    install("toy_gate", {"ingest.sinks": "gate = toy_gate:Gate"}, "class Gate:\n    pass\n")
    job.define(parts=to("gate"))
    line = refusal(job, "execution.extensions=false")
    assert '"gate" is a type of another package, and these are turned off for this run' in line
    assert "toy_gate" not in sys.modules


def test_a_wrong_name_is_answered_with_all_that_are_there(job, install):
    install("toy_sink", SINK)
    job.define(parts=to("sqlit"))
    line = refusal(job)
    assert 'no such type "sqlit". Did you mean "sqlite"?' in line
    assert "parquet, csv, jsonl, delta" in line
    assert "sqlite" in line.partition("Known types")[2]


def test_options_of_a_type_are_explained_as_those_of_ours(job, install):
    install("toy_sink", SINK)
    job.define(parts={"sink": {"type": "sqlite", "pth": "x.db", "write_disposition": "append"}})
    result = job.run()
    assert result.code == 2
    assert 'sink.pth: unknown key. Did you mean "path"?' in result.err
    assert "sink.table: required, but not set" in result.err


def test_a_package_that_ends_the_process_on_its_import_does_not_end_a_run_well(job, install):
    install("toy_exit", {"ingest.sinks": "exit = toy_exit:Sink"}, "import sys\nsys.exit(0)\n")
    job.define(parts=to("exit"))
    assert "package toy_exit 1.0 in ingest.sinks cannot be imported from" in refusal(job)


DECODES = """
import sys
from typing import ClassVar, Literal

from ingest.formats.base import ReadableFormat


class Odd(ReadableFormat):
    label: ClassVar[str] = "odd"
    endings: ClassVar[tuple[str, ...]] = (".odd",)
    type: Literal["NAME"]

    def decode(self, file):
        text = file.read().decode()
        WHAT
"""


@pytest.mark.parametrize(
    ("name", "what", "raised"),
    [
        ("odd_value", "int(text)", "ValueError"),
        ("odd_exit", "sys.exit(0)", "SystemExit"),
        ("odd_none", "return None", "TypeError"),
    ],
)
def test_a_bug_of_a_format_is_a_line_without_values_while_a_plan_is_made(
    job, install, name, what, raised
):
    code = DECODES.replace("WHAT", what).replace("NAME", name)
    install(f"toy_{name}", {"ingest.formats": f"{name} = toy_{name}:Odd"}, code)
    job.write("in/a.odd", "a private value")
    job.define(name, "in/*.odd")
    line = refusal(job)
    assert f'format "{name}" raised {raised} at ' in line
    assert "private" not in line


def test_a_damaged_list_of_entry_points_names_its_package(job, install):
    site = install("toy_damaged", {"ingest.sinks": "x toy_damaged:Sink"}, "")
    job.define(parts=to("nobody"))
    assert (site / "toy_damaged-1.0.dist-info").exists()
    assert "the entry points of package toy_damaged 1.0 cannot be read" in refusal(job)


def test_a_command_that_is_left_by_an_exit_has_failed(capsys):
    assert guarded(lambda _: sys.exit(0)) == 1
    assert "called sys.exit(0) while the command was at work" in capsys.readouterr().err
