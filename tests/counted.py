"""A pytest plugin that ends a run with what its tests counted: cells of the matrix, classes shown, requests sent.

A test says so by the fixture `counted`; the numbers travel with its report, so that they add up over all workers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

Counted = Callable[[str, int], None]


@pytest.fixture
def counted(record_property: Callable[[str, object], None]) -> Counted:
    """Count something in the closing lines: its name, and how many."""
    return lambda what, number: record_property("counted", (what, number))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Write a line for each thing that was counted; the last report of a test tells all of it."""
    sums: Counter[str] = Counter()
    for report in [report for reports in terminalreporter.stats.values() for report in reports]:
        for name, value in getattr(report, "user_properties", ()) if getattr(report, "when", "") == "teardown" else ():
            if name == "counted":
                sums[value[0]] += value[1]
    for what, number in sums.items():
        terminalreporter.write_line(f"{number:,} {what}")
