"""The tables and the plot of the benchmarks say what their JSON says."""

import pytest

from benchmarks import report


@pytest.mark.parametrize("file", report.pages(report.RESULTS), ids=lambda file: file.name)
def test_a_page_of_results_is_up_to_date(file, request):
    text = report.pages(report.RESULTS)[file]
    if request.config.getoption("--update-golden"):
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text, "write it again: python -m benchmarks.report"
