"""A pytest plugin that orders the tests and divides them among processes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

WAITING = ["browser", "faults", "deploy", "bin", "people"]
"""Folders whose tests wait more than they work. They run first, and in turns, because not all wait equally long."""

BROWSER_PARTS = ["abcd", "efghijklmno", "pqrstuvwxyz"]
"""The first letters of the browser tests that one process runs: it starts its browsers once. Each takes a third."""


class Scheduling(LoadFileScheduling):
    """Give each process whole units."""

    def _split_scope(self, nodeid: str) -> str:
        return find_unit(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling | None:
    """Divide the tests if files stay whole."""
    return Scheduling(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Start three processes more than the machine has cores, because many tests wait."""
    return (os.cpu_count() or 1) + 3


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that wait first."""
    places = find_places(dict.fromkeys(find_unit(item.nodeid) for item in items))
    items.sort(key=lambda item: places.get(find_unit(item.nodeid), len(places)))


def find_places(units: Iterable[str]) -> dict[str, int]:
    """Number the units of each waiting folder."""
    folders = [[unit for unit in units if unit.startswith(f"tests/{name}/")] for name in WAITING]
    return {unit: number for folder in folders for number, unit in enumerate(folder)}


def find_unit(nodeid: str) -> str:
    """Name what one process runs: a file, or a part of the browser tests."""
    path = nodeid.partition("::")[0]
    first = path.removeprefix("tests/browser/test_")[0]
    parts = [part for part in BROWSER_PARTS if path.startswith("tests/browser/test_") and first in part]
    return f"tests/browser/{parts[0]}" if parts else path
