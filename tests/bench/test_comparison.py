"""Test the comparison of two trees: which figures are paired, and their ratios."""

from __future__ import annotations

from bench.comparison import Pair, compare
from bench.figures import Range
from bench.report import Rows


def rounds(**rows: list[float]) -> dict[str, Rows]:
    """Build the rounds of one scenario with one figure, from its values by row."""
    return {"busy": {row: {"cpu": values} for row, values in rows.items()}}


def pairs(ours: dict[str, Rows], other: dict[str, Rows]) -> list[Pair]:
    return compare(ours, other, "1234567890").pairs


def test_a_ratio_is_taken_inside_each_round() -> None:
    [pair] = pairs(rounds(ours=[2.0, 30.0, 4.0]), rounds(ours=[1.0, 10.0, 4.0]))

    assert (pair.ours, pair.other) == (Range(4, 2, 30), Range(4, 1, 10))
    assert pair.ratio == Range(2, 1, 3)  # the ratio of the medians would be 1


def test_the_floor_beside_both_shows_the_noise() -> None:
    [pair] = pairs(rounds(floor=[1.0, 1.2], ours=[3.0, 3.0]), rounds(floor=[1.0, 1.0], ours=[3.0, 3.0]))

    assert pair.row == "ours"
    assert pair.noise == Range(1.1, 1, 1.2)


def test_each_row_has_the_noise_of_its_own_floor() -> None:
    measured = {"floor": [1.0], "floor, again": [1.0], "ours": [1.0], "ours, again": [1.0], "20 messages": [1.0]}
    other = measured | {"floor": [0.5], "floor, again": [0.25]}

    noise = {pair.row: pair.noise for pair in pairs(rounds(**measured), rounds(**other))}

    assert noise == {"ours": Range(2, 2, 2), "ours, again": Range(4, 4, 4), "20 messages": None}


def test_what_is_the_same_for_both_is_not_compared() -> None:
    measured = rounds(direct=[1.0], floor=[1.0])

    assert pairs(measured, measured) == []


def test_a_scenario_that_skips_the_other_commit_is_left_out() -> None:
    assert pairs(rounds(ours=[1.0]), {}) == []


def test_a_figure_that_one_of_both_lacks_is_shown_without_a_ratio() -> None:
    ours, other = ({"busy": {"ours": {name: [1.0]}}} for name in ("cpu", "memory"))

    found = {pair.figure: (pair.ours, pair.other, pair.ratio) for pair in pairs(ours, other)}

    one = Range(1, 1, 1)
    assert found == {"cpu": (one, None, None), "memory": (None, one, None)}


def test_a_figure_that_is_missing_in_one_round_has_no_ratio() -> None:
    [pair] = pairs(rounds(ours=[1.0, 1.0]), rounds(ours=[1.0]))

    assert pair.ratio is None
