"""Numbers as the page shows them."""

import pytest

from ingest.watch.page import words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.34, "0.3 s"), (59.4, "59 s"), (59.6, "1 m 0 s"), (3700, "1 h 1 m"), (90000, "1 d 1 h")],
)
def test_durations(seconds, text):
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0"), (0.25, "0.2"), (12, "12"), (9_999, "9,999"), (42_000, "42.0k"), (1.2e6, "1.2M"),
     (180_000, "180k"), (3e9, "3.0G")],
)  # fmt: skip
def test_compact(count, text):
    assert words.compact(count) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (1, "100 %"), (0.5, "50.0 %"), (0.00004, "0.004 %"), (1e-9, "<0.0001 %"),
     (0.99999, "99.9 %")],
)  # fmt: skip
def test_a_small_share_is_not_nothing_and_not_all_is_not_all(share, text):
    assert words.percent(share) == text
