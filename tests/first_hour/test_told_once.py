"""A mistake is said once, at the place where it was made."""

from pathlib import Path

import pytest

from tests.first_hour.orders import orders, typed


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return orders(tmp_path)


@pytest.fixture
def lines(desk, capsys):
    """Return the lines that are printed about a job that is refused."""

    def told(*words, command="run", code=2):
        result = typed(capsys, command, *words)
        assert result.code == code
        return result.err.removeprefix("error: ").splitlines()

    return told


@pytest.mark.parametrize("command", ["run", "plan", "preview"])
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("in", '/in" is also the source'),
        ("conf/job/orders.yaml", '/conf/job/orders.yaml" is a file'),
        ("/proc/foo", '"/proc/foo" is on a file system of type proc'),
        ("state/out", '/state/out" is inside the state'),
    ],
)
def test_a_place_that_cannot_be_published_to(lines, command, path, said):
    (line,) = lines("orders", f"sink.path={path}", command=command)
    assert line.startswith("command line: sink.path: ")
    assert said in line


def test_a_quarantine_that_has_its_own_place_is_judged_for_itself(lines):
    setting = "contract.quarantine.path=/proc/bad"
    first, second = lines("orders", "sink.path=/proc/foo", setting)
    assert first.startswith('command line: sink.path: "/proc/foo" ')
    assert second.startswith('command line: contract.quarantine.path: "/proc/bad" ')


def test_the_usual_quarantine_is_named_if_only_it_is_wrong(lines):
    Path("out_quarantine").touch()
    (line,) = lines("orders")
    assert 'contract.quarantine.path: "' in line
    assert '/out_quarantine" is a file' in line


def test_what_is_set_on_the_command_line_is_not_looked_for_in_the_file(lines):
    (line,) = lines("orders", "source.path=nowhere")
    assert line.startswith("command line: source.path: ")
    (line,) = lines("orders", "contract.columns.foo=string")
    assert line.startswith('command line: contract.columns.foo: no such column "foo"')
    (line,) = lines("orders", "contract.pii=[foo]")
    assert line.startswith('command line: contract.pii: no such column "foo"')


def test_what_the_file_says_is_looked_for_there(desk, lines):
    desk.describe(source={"type": "csv", "path": "nowhere"})
    (line,) = lines("orders", "contract.pii=[foo]")
    assert line.startswith("conf/job/orders.yaml:")


@pytest.mark.parametrize("command", ["run", "plan", "preview", "bench"])
def test_a_command_without_a_job_names_itself(lines, command):
    assert lines(command=command) == [
        f"command line: no job is named. Known jobs: orders. Name one: ingest {command} orders"
    ]


def test_a_list_and_a_mapping(desk, lines):
    desk.describe(transforms=[{"type": "filter", "where": "n > 0"}])
    (line,) = lines("orders", "transforms={type: filter}")
    assert line.endswith(": transforms is a list. Write: 'transforms=[{type: filter}]'")
    (line,) = lines("orders", "contract.columns=[id]")
    assert line.endswith(": contract.columns is a mapping. Write: 'contract.columns={KEY: VALUE}'")


def test_runs_of_a_job_that_has_none(desk, capsys):
    assert desk.run().code == 0
    result = typed(capsys, "status", "--state", "state", "--job", "order")
    assert (result.code, result.out) == (
        0,
        'no runs of a job "order" in state. Did you mean "orders"? Jobs with runs: orders\n',
    )
