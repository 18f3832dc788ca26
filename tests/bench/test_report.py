"""Test the table: which bounds hold, how they adapt to this machine, and how they are formatted."""

from __future__ import annotations

import pytest

from bench import report
from bench.scenarios import BOUNDS, SCENARIOS
from bench.setup import Bound

LATENCY = Bound("latency", "busy", "token_ms_p50", 15, "ms", floor=0.5)
COST = Bound("cost", "busy", "cpu", 2, ratio=True)
SPEED = Bound("speed", "busy", "tokens_s", 8_000, "tokens/s", least=True)


def measured(**figures: tuple[list[float], list[float]]) -> report.Rounds:
    """Build the rounds of one scenario: for each figure the floor's and ours."""
    floors, ours = ({name: pair[side] for name, pair in figures.items()} for side in (0, 1))
    return {"busy": {"floor": floors, "ours": ours}}


def line(bound: Bound, floors: list[float], ours: list[float]) -> report.Line:
    """Check one bound against the figures."""
    [held] = report.lines([bound], measured(**{bound.figure: (floors, ours)}))
    return held


@pytest.mark.parametrize(("floor", "allowed"), [(0.5, 15), (1.0, 30), (0.25, 15)])
def test_a_bound_in_milliseconds_grows_with_a_slower_floor_and_never_shrinks(floor: float, allowed: float) -> None:
    assert line(LATENCY, [floor, floor, 9.0], [1.0]).allowed == pytest.approx(allowed if floor >= 0.5 else 15)


def test_a_bound_of_another_unit_stays_as_it_is() -> None:
    assert line(SPEED, [1.0], [9_000.0]).allowed == 8_000


@pytest.mark.parametrize(("ours", "holds"), [([14.0, 15.0, 90.0], True), ([14.0, 15.1, 16.0], False)])
def test_the_median_has_to_keep_to_a_bound(ours: list[float], holds: bool) -> None:
    assert line(LATENCY, [0.5] * 3, ours).holds is holds


@pytest.mark.parametrize(("ours", "holds"), [([0.3], True), ([0.5], False)])
def test_a_ratio_is_held_against_the_floor_of_its_round(ours: list[float], holds: bool) -> None:
    assert line(COST, [0.2], ours).holds is holds


def test_a_ratio_without_a_floor_does_not_hold() -> None:
    assert not line(COST, [], [0.1]).holds


@pytest.mark.parametrize(("ours", "holds"), [([8_000.0], True), ([7_999.0], False)])
def test_a_least_bound_is_reached_from_above(ours: list[float], holds: bool) -> None:
    assert line(SPEED, [20_000.0], ours).holds is holds


def test_a_bound_whose_scenario_did_not_run_is_left_out() -> None:
    assert report.lines(BOUNDS, {}) == []


def test_figures_of_several_rounds_are_kept_in_their_order() -> None:
    rounds: report.Rounds = {}
    for value in (3.0, 1.0):
        report.keep(rounds, "busy", {"what": "ours", "figures": {"cpu": value}})

    assert rounds == {"busy": {"ours": {"cpu": [3.0, 1.0]}}}


def test_every_bound_is_of_a_scenario_that_there_is() -> None:
    assert {bound.scenario for bound in BOUNDS} <= set(SCENARIOS)
