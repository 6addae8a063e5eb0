import logging
import os
import sys
from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra

from ingest.config.compose import compose
from ingest.config.folders import search_path, shipped
from ingest.core.errors import ConfigError


def test_a_team_needs_no_more_than_its_jobs(conf):
    composed = compose(search_path(conf({})), ["+job=orders"])
    assert composed.raw == {
        "cluster": {"type": "auto"},
        "execution": {},
        "name": "orders",
        "source": {"type": "csv", "path": "in.csv"},
        "transforms": [{"type": "filter", "where": "a > 1"}],
    }
    assert composed.problems == ()


def test_what_two_folders_have_is_taken_from_the_first(conf):
    folder = conf(
        {"cluster/auto": "type: ours\n", "job/flights": "# @package _global_\nname: ours\n"}
    )
    raw = compose((folder, shipped()), ["job=flights"]).raw
    assert (raw["cluster"], raw["name"]) == ({"type": "ours"}, "ours")


def test_a_team_may_have_its_own_config(conf):
    folder = conf({"config": "defaults: [_self_]\nstate: s3://state\n"})
    raw = compose((folder, shipped()), ["+job=orders", "cluster=inline"]).raw
    assert raw["state"] == "s3://state"
    assert raw["cluster"] == {"type": "inline"}


def test_folders_on_either_side_of_the_one_with_the_config(conf):
    first = conf({"job/a": "# @package _global_\nname: first\n"}, "first")
    main = conf(
        {"config": "defaults: [_self_]\n", "job/a": "# @package _global_\nname: b\n"}, "main"
    )
    last = conf({"job/c": "# @package _global_\nname: last\n"}, "last")
    assert compose((first, main, last), ["job=a"]).raw == {"name": "first"}
    assert compose((first, main, last), ["job=c"]).raw == {"name": "last"}


def test_a_machine_has_its_own_settings(conf):
    folder = conf({"local/default": "# @package _global_\nexecution: {workers: 3}\nname: never\n"})
    raw = compose((folder, shipped()), ["+job=orders"]).raw
    assert raw["execution"] == {"workers": 3}
    assert raw["name"] == "orders"


def test_a_job_inherits_and_replaces_lists_whole(conf):
    child = "# @package _global_\ndefaults: [orders, _self_]\nname: child\ntransforms: [x]\n"
    raw = compose((conf({"job/child": child}), shipped()), ["+job=child"]).raw
    assert raw["source"]["path"] == "in.csv"
    assert (raw["name"], raw["transforms"]) == ("child", ["x"])


def test_a_job_beside_the_shipped_pieces_is_nobodys_to_inherit_from(conf):
    child = "# @package _global_\ndefaults: [flights, _self_]\nname: child\n"
    folders = search_path(conf({"job/child": child}))
    with pytest.raises(
        ConfigError, match=r'child\.yaml:2: .*no job "flights"\. Known .*: child, orders\.'
    ):
        compose(folders, ["+job=child"])


def test_a_named_step_is_referred_to(conf):
    job = (
        "# @package _global_\ndefaults:\n  - /transform@lib.mask: pii\n  - _self_\n"
        "transforms: ['${lib.mask}', {where: '\\${x} ${name}'}]\nname: n\n"
    )
    folder = conf({"job/masked": job, "transform/pii": "type: mask\ncolumns: {2013: a}\n"})
    raw = compose((folder, shipped()), ["+job=masked", "lib.mask.columns.b=${name}"]).raw
    mask = {"type": "mask", "columns": {"2013": "a", "b": "n"}}
    assert raw["transforms"] == [mask, {"where": "${x} n"}]


@pytest.mark.parametrize(
    ("override", "key", "value"),
    [
        ("name=on", "name", "on"),
        ("name=0777", "name", "0777"),
        ("name=12:30:00", "name", "12:30:00"),
        ("name=3", "name", 3),
        ("transforms[0].where=b", "transforms", [{"type": "filter", "where": "b"}]),
        ("transforms=[]", "transforms", []),
        ("source={path: b, x: {1: 2}}", "source", {"type": "csv", "path": "b", "x": {"1": 2}}),
        ("~source.type", "source", {"path": "in.csv"}),
        ("cluster=inline", "cluster", {"type": "inline"}),
        ("+cluster=inline", "cluster", {"type": "inline"}),
        ("cluster.type=inline", "cluster", {"type": "inline"}),
        ("source=[landing,more]", "source", {"type": "csv", "path": "in.csv", "a": 1, "b": 2}),
    ],
)
def test_overrides(conf, override, key, value):
    folder = conf({"source/landing": "a: 1\n", "source/more": "b: 2\n"})
    raw = compose((folder, shipped()), ["job=orders", override]).raw
    assert raw[key] == value


def test_a_group_without_a_default_may_be_given_once(conf):
    with pytest.raises(ConfigError, match="is given twice"):
        compose((conf({"source/a": "{}"}), shipped()), ["job=orders", "source=a", "+source=a"])


def test_a_job_in_the_defaults_of_a_config_is_overridden_by_nobody(conf):
    folder = conf({"config": "defaults:\n  - job: orders\n  - _self_\n"})
    with pytest.raises(ConfigError, match=r"config\.yaml:2: defaults: job is chosen already"):
        compose((folder, shipped()), ["job=orders"])


def test_what_else_hydra_refuses_is_passed_on_with_the_file(conf):
    job = "# @package _global_\ndefaults: [_self_, _self_]\n"
    with pytest.raises(
        ConfigError, match=r"x\.yaml:1: defaults: duplicate _self_ defined in job/x"
    ):
        compose((conf({"job/x": job}), shipped()), ["job=x"])


def test_a_package_that_is_hydras_own_reaches_nothing(conf, tmp_path):
    part = (
        f"callbacks: {{x: {{_target_: shutil.copyfile, src: {__file__}, dst: {tmp_path}/copy}}}}\n"
    )
    job = "# @package _global_\ndefaults:\n  - /source@hydra: part\n  - _self_\n"
    with pytest.raises(ConfigError, match="this would set Hydra itself"):
        compose((conf({"job/x": job, "source/part": part}), shipped()), ["job=x"])
    job = "# @package _global_\ndefaults:\n  - /source: part\n  - _self_\n"
    folder = conf({"job/x": job, "source/part": f"# @package hydra\n{part}"})
    with pytest.raises(ConfigError, match="this would set Hydra itself"):
        compose((folder, shipped()), ["job=x"])
    assert not (tmp_path / "copy").exists()


def test_a_file_may_be_called_hydra_and_a_folder_anything(conf):
    job = (
        "# @package _global_\ndefaults:\n  - /source: hydra\n  - /transform: [hydra]\n  - _self_\n"
    )
    files = {"job/x": job, "source/hydra": "type: csv\n", "transform/hydra": "a: 1\n"}
    folder = conf(files, "a folder=of {jobs}, [é]")
    raw = compose((folder, shipped()), ["job=x"]).raw
    assert (raw["source"], raw["transform"]) == ({"type": "csv"}, {"a": 1})


def _world() -> dict[str, object]:
    root = logging.getLogger()
    return {
        "directory": Path.cwd(),
        "files": sorted(Path.cwd().rglob("*")),
        "path": list(sys.path),
        "handlers": list(root.handlers),
        "level": root.level,
        "loggers": logging.root.manager.disable,
        "environment": dict(os.environ),
        "hydra": GlobalHydra.instance().is_initialized(),
    }


def test_composing_leaves_no_trace_and_can_be_done_again(conf, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folders = search_path(conf({}))
    before = _world()
    first = compose(folders, ["+job=orders"])
    with pytest.raises(ConfigError):
        compose(folders, ["+job=orders", "+name=x"])
    assert compose(folders, ["+job=orders"]).raw == first.raw
    assert _world() == before
