"""The history of a job: which runs stand out."""

from ingest.watch.page.entry import Entry
from ingest.watch.page.scatter import odd, plots


def entries(*seconds, state="done", rejected=0):
    return [
        Entry(f"{n:03}", "demo", state, seconds=s, read=1_000, rejected=rejected)
        for n, s in enumerate(seconds)
    ]


def test_a_run_far_from_the_median_stands_out():
    runs = entries(50.0, 10.0, 10.5, 9.8, 10.1, 10.2)
    duration, rows, _ = plots(runs)
    assert [point.entry.run_id for point in duration.points if point.is_odd] == ["000"]
    assert not any(point.is_odd for point in rows.points)
    assert odd(runs, runs[0]) == ["duration: high"]
    assert odd(runs, runs[1]) == []


def test_a_few_runs_say_nothing_of_what_is_usual():
    assert odd(entries(50.0, 10.0, 10.0), entries(50.0)[0]) == []


def test_points_lie_within_the_plot_and_failed_runs_have_another_shape():
    runs = entries(3.0, 0.0, 7.0) + entries(2.0, state="failed")
    for plot in plots(runs):
        assert all(0 <= point.y <= 128 and 72 <= point.x <= 1240 for point in plot.points)
        assert [point.shape for point in plot.points] == ["cross", "dot", "dot", "dot"]


def test_one_more_rejected_row_is_not_unusual():
    runs = entries(*[10.0] * 9) + entries(10.0, rejected=1)
    assert odd(runs, runs[-1]) == []
    worse = entries(*[10.0] * 9) + entries(10.0, rejected=100)
    assert odd(worse, worse[-1]) == ["rejected: high"]
