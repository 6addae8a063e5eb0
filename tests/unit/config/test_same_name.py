"""Two job files of one name are refused; jobs that inherit, lie in folders or are renamed run."""

import pytest

from ingest.config.compose import compose
from ingest.config.places import shown
from ingest.config.sweep import read

HEAD = "# @package _global_\n"
COPY = f"{HEAD}source: {{type: csv, path: other.csv}}\nname: orders\n"


def problems(folder, *overrides):
    return [str(each) for each in compose((folder,), overrides).problems]


@pytest.fixture
def conf(conf):
    return lambda files: conf({"config": "defaults: [_self_]\n", **files})


def test_a_copy_is_refused_and_both_files_are_named(conf):
    folder = conf({"job/copy": COPY})
    copy, other = (shown(folder / f"job/{name}.yaml") for name in ("copy", "orders"))
    said = (
        f'{copy}:3: name: "orders" is also the name of {other}:3. Each job file needs its own '
        "name, because a run replaces the rows of earlier runs of that name. Write name: copy"
    )
    assert problems(folder, "job=copy") == [said]
    assert problems(folder, "job=orders") == [], "it has the name of its file"


@pytest.mark.parametrize("name", ["'orders'", '"orders"', "orders  # as ever", "   orders"])
def test_a_name_is_read_as_yaml(conf, name):
    folder = conf({"job/a": f"{HEAD}name: {name}\n", "job/b": f"{HEAD}{{name: {name}\n}}"})
    (problem,) = problems(folder, "job=b")
    assert f"{shown(folder / 'job/a.yaml')}:2." in problem
    assert problem.endswith("Write name: b")


def test_neither_of_two_with_the_names_of_other_files(conf):
    folder = conf({"job/a": f"{HEAD}name: x\n", "job/b": f"{HEAD}name: x\n"})
    assert "b.yaml:2." in problems(folder, "job=a")[0]
    assert "a.yaml:2." in problems(folder, "job=b")[0]


def test_a_job_in_a_folder_may_have_the_name_of_its_file_unless_another_has_it(conf):
    folder = conf({"job/team/orders": COPY, "job/team/refunds": f"{HEAD}name: refunds\n"})
    assert problems(folder, "job=team/refunds") == []
    (problem,) = problems(folder, "job=team/orders")
    assert problem.endswith("Write name: team_orders")


def test_one_that_inherits_needs_a_name_of_its_own(conf):
    inherits = f"{HEAD}defaults: [orders, _self_]\n"
    folder = conf({"job/a": f"{inherits}name: child\n", "job/b": f"{inherits}tags: {{a: b}}\n"})
    assert problems(folder, "job=a") == []
    (problem,) = problems(folder, "job=b")
    assert problem.startswith(f"{shown(folder / 'job/b.yaml')}: name: ")
    assert f"{shown(folder / 'job/orders.yaml')}:3." in problem


def test_a_name_that_is_only_mentioned_elsewhere(conf):
    mentions = f"{HEAD}# name: x\nname: xx\ndescription: x\nlib: {{name: x}}\n"
    assert problems(conf({"job/a": mentions, "job/b": f"{HEAD}name: x\n"}), "job=b") == []


def test_a_name_from_the_command_line(conf):
    folder = conf({"job/copy": COPY})
    assert problems(folder, "job=copy", "name=copy") == []
    assert problems(folder, "job=copy", "name=orders") == [], "whoever types it means it"


def test_other_files_are_not_composed(conf):
    broken = f"{HEAD}defaults: [nowhere]\nname: orders\n"
    folder = conf({"job/broken": broken, "job/b": f"{HEAD}name: x: y\n", "job/copy": COPY})
    assert len(problems(folder, "job=copy")) == 1


def test_the_same_file_by_a_link(conf):
    folder = conf({"job/..2026/mine": f"{HEAD}name: its\n"})
    (folder / "job/mine.yaml").symlink_to("..2026/mine.yaml")
    assert problems(folder, "job=mine") == []


def test_each_job_of_a_sweep(conf):
    folder = conf({"job/copy": COPY})
    runs, composed = read(["orders,copy"], folder)
    assert (runs, composed) == ([["orders"], ["copy"]], None)
    _, alone = read(["copy"], folder)
    assert alone is not None
    assert len(alone.problems) == 1
