"""A8: one identity for one file, by whatever way a path leads to it."""

import pytest


@pytest.fixture
def two(job):
    job.write("two/a.csv", "id\n1\n")
    job.write("two/b.csv", "id\n2\n")
    return job


def ids(job):
    result = job.run()
    assert result.code == 0, result.err
    return [row["id"] for row in job.rows]


@pytest.mark.parametrize(
    "other",
    ["./two/../two/a.csv", "two//a.csv", "two/./a.csv", "../{here}/two/a.csv", "two/[a].csv"],
)
def test_a_file_that_is_named_twice_is_read_once(two, other):
    two.define(path=["two", other.format(here=two.place.name)])
    assert two.plan_page()["remarks"] == ['read once: 1 file matched by several paths: "two/a.csv"']
    assert ids(two) == ["1", "2"]


def test_up_from_a_linked_folder_is_where_the_system_goes(two):
    two.write("far/away/x.csv", "id\n8\n")
    two.write("far/a.csv", "id\n9\n")
    (two.place / "link").symlink_to(two.place / "far" / "away")
    two.define(path="link/../a.csv")
    assert ids(two) == ["9"]


def test_a_link_to_a_file_is_that_file(two):
    (two.place / "two" / "latest.csv").symlink_to("b.csv")
    two.define(path="two")
    assert two.plan_page()["remarks"] == [
        'read once: 1 file with two names: "two/latest.csv" is "two/b.csv"'
    ]
    assert ids(two) == ["1", "2"]


def test_a_link_to_a_folder_is_that_folder(two):
    (two.place / "again").symlink_to("two")
    for paths in (["two", "again"], ["again", "two"], ["again/*.csv", "two/a.csv", "two/b.csv"]):
        two.define(path=paths)
        assert ids(two) == ["1", "2"]
    two.define(path="again")
    assert ids(two) == ["1", "2"]


def test_one_file_cannot_lie_under_two_keys(two):
    two.write("in/dt=1/a.csv", "id\n1\n")
    (two.place / "in" / "dt=2").symlink_to("dt=1")
    two.define(path="in")
    two.refused(
        "are the same file (by a link) in folders with different keys", "hive_partitions: false"
    )
    two.define(path="in", hive_partitions=False)
    assert ids(two) == ["1"]


def test_hard_links_are_files_of_their_own(two):
    """Tools that save space make them of files that only happen to have the same content."""
    (two.place / "two" / "c.csv").hardlink_to(two.place / "two" / "b.csv")
    two.define(path="two")
    assert two.plan_page()["remarks"] == []
    assert ids(two) == ["1", "2", "2"]


def test_names_that_differ_in_case_only(two):
    two.write("two/A.csv", "id\n3\n")
    two.define(path="two")
    assert ids(two) == ["1", "2", "3"]
