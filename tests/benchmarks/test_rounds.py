"""Contenders take turns, and only who makes the same as we do gets a time."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks import report, results
from benchmarks.contenders import Peer
from benchmarks.inputs import Input
from benchmarks.results import Session
from benchmarks.rounds import Place, compete
from benchmarks.scenario import Settings, load
from tests.benchmarks.conftest import ours, peer

SPOILT = {
    "row": "MISMATCH: {less} good rows, not {good}",
    "value": "MISMATCH: values differ in tip",
    "shuffle": "MISMATCH: the same values in other rows",
    "column": "MISMATCH: columns on one side only: zone",
    "reason": "MISMATCH: reasons {{'fare': {bad}}}, not ",
    "crash": "failed: exit code 1: RuntimeError: out of cheese",
}


def test_only_equal_outputs_get_a_time(settings: Settings, trips: Input) -> None:
    places = [
        ours(settings, trips),
        peer(settings, trips),
        *(peer(settings, trips, tamper, tamper) for tamper in SPOILT),
    ]
    said: list[str] = []
    found = compete(settings, places, said.append)
    made = found["ingest"].output
    assert found["ingest"].problem == found["tester"].problem == ""
    assert found["tester"].output == made
    assert set(made["reasons"]) == {"passenger_count", "fare", "trip_id"}
    for tamper, text in SPOILT.items():
        expected = text.format(good=made["good"], less=made["good"] - 1, bad=made["bad"])
        assert found[tamper].problem.startswith(expected)
        assert found[tamper].figures == {}
    assert [line.split()[0] for line in said] == ["ingest", "tester", *SPOILT]
    figures = found["ingest"].figures
    assert figures["rows_per_steady_s"] == pytest.approx(900 / figures["steady_s"])
    assert figures["startup_s"] + figures["steady_s"] <= figures["wall_s"]
    session = Session("2026-11-24", "abc", "typed", results.hardware(), "small", found)
    table = report.table(results.add(settings.folder, "taxi", "Trips", session))
    assert "- crash: failed: exit code 1" in table
    assert "| tester | " in table
    assert "| value | " not in table


def test_rounds_take_turns_within_the_budget(trips: Input, tmp_path: Path) -> None:
    told = ["+scenario=taxi", "cluster=inline", "repeats=2", f"home={tmp_path}"]
    for extra, rounds in (([], 2), (["budget_s=0.001"], 1)):
        settings = load([*told, *extra])[0]
        places = [peer(settings, trips, name="a"), peer(settings, trips, name="b")]
        said: list[str] = []
        found = compete(settings, places, said.append)
        assert [len(entry.runs) for entry in found.values()] == [rounds, rounds]
        assert [line.split()[0] for line in said][:3] == ["a", "b", "a" if rounds == 2 else "the"]


def test_a_contender_that_never_ends_is_ended(trips: Input, tmp_path: Path) -> None:
    settings = load(["+scenario=taxi", "timeout_s=0.3", f"home={tmp_path}"])[0]
    asleep = (sys.executable, "-c", "import time; time.sleep(60)")
    place = Place(Peer("tester", asleep, settings.scenario, settings.cpus), trips)
    found = compete(settings, [place], lambda _: None)
    assert found["tester"].problem.startswith("failed: it was ended after")


def test_what_a_person_types_again_names_no_folder_of_this_machine(
    settings: Settings, trips: Input
) -> None:
    place = peer(settings, trips)
    found = compete(settings, [place], lambda _: None)
    assert str(settings.home) not in json.dumps(found["tester"].command)
