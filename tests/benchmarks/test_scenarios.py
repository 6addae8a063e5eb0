"""The command line chooses scenarios, and says what is wrong with it."""

from pathlib import Path

import pytest

from benchmarks.contenders import all_peers, cannot
from benchmarks.inputs import Input, folder_of, prepare
from benchmarks.results import read
from benchmarks.run import main
from benchmarks.scenario import CONF, Settings, load, scenarios
from benchmarks.targets import GROUPS, targets
from ingest.config.load import load as load_job
from ingest.core.errors import ConfigError
from ingest.job import Job


@pytest.fixture(scope="module")
def everything() -> list[Settings]:
    return load(["+scenario=all"])


def test_every_scenario_can_be_composed(everything: list[Settings]) -> None:
    assert [settings.scenario.name for settings in everything] == scenarios()
    for settings in everything:
        scenario = settings.scenario
        assert bool(scenario.script) != bool(scenario.data), scenario.name
        jobs = {variant.job or scenario.job for variant in scenario.ours.values()}
        for job in jobs if scenario.data else ():
            load_job(Job, CONF, [f"+job={job}", "source.path=x", "sink.path=y"])


def test_every_target_names_what_there_is(everything: list[Settings]) -> None:
    known = {settings.scenario.name: settings.scenario for settings in everything}
    for target in targets():
        assert set(target.scenarios) <= set(known), target.what
        for name in (*target.of, *(target.against or ())):
            ours = {name for each in target.scenarios for name in known[each].ours}
            scripts = {known[each].script for each in target.scenarios} - {""}
            assert scripts or name in ours or name in GROUPS or name in all_peers(), name


def test_several_scenarios_and_peers_are_written_with_commas() -> None:
    one, two = load(["+scenario=taxi,csv", "peers=polars,duckdb", "scale=small"])
    assert (one.scenario.name, two.scenario.name) == ("taxi", "csv")
    assert one.peers == ("polars", "duckdb")
    assert one.scenario.generated("full")["files"] == 32
    assert one.scenario.generated("small")["files"] == 2
    assert one.folder == one.home / "results", "trials are kept apart"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "command line: no scenario. Type: python -m benchmarks.run +scenario=taxi."),
        (["+scenario=taxy"], 'no such scenario "taxy". Did you mean "taxi"? Known: '),
        (["+scenario=taxi", "peers=[bolars]"], 'peers: no such peer "bolars". '),
        (["+scenario=taxi", "scale=tiny"], "command line: scale: "),
        (["+scenario=taxi", "colour=red"], "command line: Could not override 'colour'"),
    ],
)
def test_mistakes_are_told_before_anything_runs(arguments: list[str], text: str) -> None:
    with pytest.raises(ConfigError) as error:
        main(arguments)
    assert text in str(error.value)


def test_a_peer_without_its_environment_is_refused_with_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        main(["+scenario=taxi", "peers=[fused_actors]", f"home={tmp_path}"])
    assert f"there is no {tmp_path}/venvs/fused_actors/bin/python" in str(error.value)
    assert str(error.value).endswith("Type: python -m benchmarks.peers.setup fused_actors.")


def test_every_peer_says_what_it_cannot_do(everything: list[Settings]) -> None:
    taxi = load(["+scenario=taxi"])[0].scenario
    assert cannot("fused_actors", taxi) is None
    for settings in everything:
        for peer in all_peers():
            why = cannot(peer, settings.scenario)
            assert why is None or why, peer


def test_a_command_line_becomes_results(
    trips: Input, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ["+scenario=workers", "scale=small", "cluster=inline", f"home={tmp_path}", "repeats=1"]
    settings = load(told)[0]
    place = folder_of(tmp_path, settings.scenario.generated("small"))
    place.parent.mkdir()
    place.symlink_to(trips.folder)
    assert main(told) == 0
    out = capsys.readouterr().out
    assert out.index("  ingest ") < out.index("  one_worker ") < out.index("| **one_worker** |")
    (session,) = read(tmp_path / "results")["workers"].sessions
    assert session.contenders["ingest"].output == session.contenders["one_worker"].output
    assert session.command == f"python -m benchmarks.run {' '.join(told)}"
    assert "execution.workers=1" in session.contenders["one_worker"].command
    main(told)
    (again,) = read(tmp_path / "results")["workers"].sessions
    assert again.date >= session.date


def test_data_that_nobody_can_make_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='no such generator "taxy"'):
        prepare(tmp_path, {"generator": "taxy", "files": 1}, "*")
    assert not (tmp_path / "data").exists()


def test_a_script_hands_its_figures_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ["+scenario=many_partitions", "scale=small", f"home={tmp_path}"]
    assert main(told) == 0
    out = capsys.readouterr().out
    assert "partition_ms" in out
    line = next(line for line in out.splitlines() if "planning and driving a partition" in line)
    assert line.startswith("met ")
    assert (tmp_path / "results" / "many_partitions.json").is_file()
    assert "<svg" in (tmp_path / "results" / "steady.svg").read_text()
