"""Test the time budget for colours and formulas: it is bounded, and loading uses little of it."""

from __future__ import annotations

import pytest

from chat.rendering import time_budget
from chat.rendering.time_budget import LOADS, TimeBudget


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def thread_time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time_budget, "time", clock)
    return clock


def takes(clock: Clock, seconds: float) -> str:
    clock.now += seconds
    return "loaded"


def test_a_budget_ends(clock: Clock) -> None:
    budget = TimeBudget(0.08)
    clock.now = 0.07
    before = budget.is_left()

    clock.now = 0.09

    assert before and not budget.is_left()


def test_what_a_process_loads_once_is_not_at_the_expense_of_the_text_that_needs_it_first(clock: Clock) -> None:
    budget = TimeBudget(0.08)

    loaded = budget.load(lambda: takes(clock, 3))
    clock.now += 0.07

    assert loaded == "loaded" and budget.is_left()


def test_a_text_that_needs_everything_loaded_is_bounded_all_the_same(clock: Clock) -> None:
    budget = TimeBudget(0.08)

    for _ in range(LOADS + 2):
        budget.load(lambda: takes(clock, 0.05))

    assert not budget.is_left()
