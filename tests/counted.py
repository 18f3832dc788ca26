"""A pytest plugin that ends a run with the tests' own counts, such as cells of the matrix and requests of the fuzzer.

A test counts with the fixture `counted`. The numbers are part of its report, so the plugin adds them up over workers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

Counted = Callable[[str, int], None]


@pytest.fixture
def counted(record_property: Callable[[str, object], None]) -> Counted:
    """Count something under a name."""
    return lambda what, number: record_property("counted", (what, number))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print each sum; a test's last report has all of its counts."""
    sums: Counter[str] = Counter()
    for report in [report for reports in terminalreporter.stats.values() for report in reports]:
        for name, value in getattr(report, "user_properties", ()) if getattr(report, "when", "") == "teardown" else ():
            if name == "counted":
                sums[value[0]] += value[1]
    for what, number in sums.items():
        terminalreporter.write_line(f"{number:,} {what}")
