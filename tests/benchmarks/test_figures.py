"""Figures, ratios and verdicts from runs whose times are known."""

from pathlib import Path

import pytest

from benchmarks import plot, report, results
from benchmarks.ours import Work, steady_s
from benchmarks.results import Entry, Result, Session
from benchmarks.run import best
from benchmarks.targets import Target, judge

GIVEN = {"files": 4, "bytes": 1000, "rows": 100}


def entry(*steady: float, problem: str = "", peak: float = 10.0) -> Entry:
    runs = tuple(
        {"steady_s": each, "wall_s": each, "startup_s": 4.0, "cpu_s": 2 * each,
         "peak_bytes": peak, "cpu_from": "kernel", "first_s": None}
        for each in steady
    )  # fmt: skip
    return Entry("v 1", "python -m ingest.run +job=x", GIVEN, {}, runs, problem)


def session(date: str = "2026-11-24T00:00:00", **contenders: Entry) -> Session:
    about = {"cpu": "c", "cores": 2, "memory_bytes": 2**30, "system": "s", "python": "3"}
    return Session(date, "abc", "typed", about, "full", contenders)


def taxi(*sessions: Session) -> dict[str, Result]:
    return {"taxi": Result("taxi", "Trips", sessions)}


def test_figures_are_medians_and_rates() -> None:
    figures = entry(4.0, 100.0, 5.0).figures
    assert figures["steady_s"] == 5.0
    assert figures["rows_per_steady_s"] == 20
    assert figures["bytes_per_cpu_s"] == 100
    assert "first_s" not in figures
    assert entry(4.0, problem="MISMATCH: values differ in tip").figures == {}


def verdict(found: dict[str, Result], what: str) -> tuple[str, str | None]:
    each = next(each for each in judge(found) if what in each.target.what)
    return each.text, each.value and f"{each.value:.2f}"


@pytest.mark.parametrize(("ours", "text"), [(11.4, ("met", "1.14")), (11.6, ("not met", "1.16"))])
def test_the_best_engine_is_who_we_are_compared_with(ours: float, text: tuple[str, str]) -> None:
    now = session(ingest=entry(ours), polars=entry(10.0), duckdb=entry(14.0), daft=entry(
        1.0, problem="MISMATCH: 3 good rows, not 4"))  # fmt: skip
    assert verdict(taxi(now), "against the best") == text


def test_figures_of_two_sessions_are_never_compared() -> None:
    before = session(
        "2026-11-01", ingest=entry(20.0), ray_data_tasks=entry(60.0), polars=entry(10.0)
    )
    after = session("2026-11-24", ingest=entry(10.0), polars=entry(8.5))
    found = taxi(before, after)
    assert verdict(found, "plain Ray Data against") == ("not met", "3.00")
    assert verdict(found, "against the best") == ("not met", "1.18")
    rows = {line.split(" | ")[0]: line for line in report.table(found["taxi"]).splitlines()}
    assert rows["| ray_data_tasks"].endswith("| 2026-11-01 |")
    assert "| 3.00 |" in rows["| ray_data_tasks"]


def test_what_nobody_measured_is_not_met_and_not_missed() -> None:
    assert verdict({}, "plain Ray Data against") == ("not measured", None)
    assert verdict(taxi(session(ingest=entry(1.0))), "plain Ray Data against") == (
        "not measured",
        None,
    )


def test_a_target_on_some_scenarios_counts_them() -> None:
    ahead = session(ingest=entry(9.0), polars=entry(10.0))
    behind = session(ingest=entry(10.1), polars=entry(10.0))
    names = ("taxi", "csv", "jsonl")

    def judged(*sessions: Session) -> str:
        found = {name: Result(name, "", (one,)) for name, one in zip(names, sessions, strict=False)}
        return verdict(found, "on at least one")[0]

    assert judged(ahead, behind, behind) == "met"
    assert judged(behind, behind) == "not measured"
    assert judged(behind, behind, behind) == "not met"


def test_a_bound_is_one_sided() -> None:
    with pytest.raises(ValueError, match="one of at_most and at_least"):
        Target(what="x", scenarios=("taxi",), of=("ingest",), at_most=1, at_least=1)


def test_sessions_stay_while_somebodys_last_figures_are_in_them(tmp_path: Path) -> None:
    full = session("1", ingest=entry(9.0), polars=entry(9.0), spark=entry(50.0))
    for one in (full, session("2", ingest=entry(8.0)), session("3", ingest=entry(7.0))):
        results.add(tmp_path, "taxi", "Trips", one)
    kept = results.read(tmp_path)["taxi"]
    assert [each.date for each in kept.sessions] == ["1", "3"]
    assert kept.sessions[0] == full
    assert best(kept) == ["polars", "ray_data_tasks"]
    assert results.add(tmp_path, "taxi", "Trips", full, alone=True).sessions == (full,)


def test_page_and_plot_show_everybody(tmp_path: Path) -> None:
    one = session(ingest=entry(9.0, 10.0), polars=entry(12.0), dlt=Entry(problem="cannot: no CSV"))
    results.add(tmp_path, "taxi", "Trips <all>", one)
    report.write(tmp_path)
    page = (tmp_path / "README.md").read_text()
    assert "**ingest** | 9.5 (9.0–10.0) | 0.79 | 1.00 |" in page
    assert "- dlt: cannot: no CSV" in page
    assert not one.contenders["dlt"].went_wrong
    picture = (tmp_path / "steady.svg").read_text()
    assert "Trips &lt;all&gt;" in picture
    assert "(1.26 ×)" in picture
    assert plot.steady({}).startswith("<svg")


def test_steady_time_gives_nothing_for_what_is_in_hand() -> None:
    """Two workers, ten partitions of a second each: five seconds, however they are staggered."""
    for shift in (0.0, 0.25, 0.5):
        works = [
            Work(start := number // 2 + shift * (number % 2), start + 1.0, 100)
            for number in range(10)
        ]
        assert steady_s(works, 5.0 + shift / 2) == pytest.approx(5.0, rel=0.03)


def test_a_single_partition_counts_whole() -> None:
    assert steady_s([Work(3.0, 5.0, 100)], 5.5) == 2.5
    assert steady_s([], 5.5) == 0.0


def test_the_page_says_of_what_is_missed_which_design_would_reach_it() -> None:
    now = session(
        ingest=entry(20.0), polars=entry(10.0), duckdb=entry(14.0), ray_data_tasks=entry(90.0)
    )
    page = report.page(taxi(now), ".")
    told = page.partition("which design would reach it:")[2].partition("\n## ")[0]
    assert "**end to end against the best single-machine engine** (taxi 2; target ≤ 1.15): " in told
    assert "not known yet" not in told.partition("**end to end against")[2].partition("\n")[0]
    assert "plain Ray Data against ours" not in told
    assert "| taxi: ingest<br>polars<br>ray_data_tasks | 20.0<br>10.0<br>90.0 |" in page
