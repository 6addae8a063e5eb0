from pathlib import Path

import pytest

from ingest.config.folders import find, is_group, jobs, options, pieces_path, search_path, shipped
from ingest.core.errors import ConfigError


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("INGEST_CONF", raising=False)


def test_the_named_folder_goes_before_the_environment_and_that_before_the_working_directory(
    tmp_path, monkeypatch
):
    for name in ("named", "env", "conf"):
        (tmp_path / name).mkdir()
    assert search_path(None) == (tmp_path / "conf", shipped())
    monkeypatch.setenv("INGEST_CONF", str(tmp_path / "env"))
    assert search_path(None) == (tmp_path / "env", shipped())
    assert search_path(Path("named")) == (tmp_path / "named", shipped())


def test_without_any_there_are_the_pieces_that_are_shipped():
    assert pieces_path(None) == (shipped(),)
    assert (shipped() / "config.yaml").is_file()
    assert "inline" in options(pieces_path(None), "cluster")


def test_without_any_there_is_no_job_and_what_to_type_is_said(tmp_path):
    with pytest.raises(ConfigError) as error:
        search_path(None)
    assert str(error.value).startswith(f"conf: there is no such folder in {tmp_path}. ")
    for command in ("ingest init PATH", "ingest init-project DIR", "--conf DIR"):
        assert command in str(error.value)


def test_below_the_folder_that_has_one_it_is_named(tmp_path, monkeypatch):
    (tmp_path / "conf/job").mkdir(parents=True)
    (tmp_path / "src/deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "src/deep")
    with pytest.raises(ConfigError, match=rf"but there is one in {tmp_path}\. .*: cd {tmp_path}$"):
        search_path(None)


def test_the_jobs_beside_the_shipped_pieces_are_not_offered_to_others(conf):
    folder = conf({})
    folders = search_path(folder)
    assert options(folders, "job") == ["orders"]
    assert find(folders, "job/flights") is None
    assert find(folders, "cluster/inline") == shipped() / "cluster/inline.yaml"
    assert find(search_path(shipped()), "job/flights"), "they are those of their own repository"


def test_naming_the_shipped_folder_names_it_once():
    assert search_path(shipped()) == (shipped(),)


def test_a_folder_that_is_not_there_is_refused_by_the_name_it_was_given(monkeypatch):
    with pytest.raises(ConfigError, match=r"^--conf: nowhere: there is no such folder\. "):
        search_path(Path("nowhere"))
    monkeypatch.setenv("INGEST_CONF", "nowhere")
    with pytest.raises(ConfigError, match=r"^INGEST_CONF: nowhere: "):
        search_path(None)


def test_jobs_are_those_of_the_users_folder_nested_ones_too(conf):
    folder = conf({"job/team/items": "", "job/notes.txt": ""})
    assert jobs(folder) == ["notes.txt", "orders", "team/items"]


def test_a_group_offers_what_any_folder_has_and_the_first_wins(conf, tmp_path):
    folders = (conf({"cluster/big": ""}, "one"), conf({"cluster/big": "", "cluster/a": ""}, "two"))
    assert options(folders, "cluster") == ["a", "big"]
    assert find(folders, "cluster/big") == tmp_path / "one/cluster/big.yaml"
    assert find(folders, "cluster/a") == tmp_path / "two/cluster/a.yaml"
    assert find(folders, "cluster/none") is None
    assert is_group(folders, "cluster")
    assert is_group((), "sink"), "git keeps no empty folders, and a group may be empty"
    assert not is_group(folders, "cluster/big")
