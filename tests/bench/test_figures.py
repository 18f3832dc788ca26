"""Test figures: percentiles, medians, and ratios inside a round."""

from __future__ import annotations

import pytest

from bench.figures import Range, percentiles, range_of, ratio_of, shown


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(number) for number in range(100, 0, -1)]

    assert percentiles("ms", values) == {"ms_p50": 50, "ms_p95": 95, "ms_p99": 99}


def test_one_value_is_every_percentile_and_none_is_no_figure() -> None:
    assert percentiles("ms", [7.0]) == {"ms_p50": 7, "ms_p95": 7, "ms_p99": 7}
    assert percentiles("ms", []) == {}


def test_rounds_are_summed_up_by_their_median_and_their_range() -> None:
    assert range_of([3.0, 9.0, 1.0]) == Range(3, 1, 9)
    assert range_of([]) is None


def test_a_ratio_is_taken_inside_each_round() -> None:
    ratio = ratio_of([2.0, 30.0, 4.0], [1.0, 10.0, 4.0])

    assert ratio == Range(2, 1, 3)  # the ratio of the medians would be 4 : 4


@pytest.mark.parametrize("floors", [[1.0, 2.0], [1.0, 0.0, 2.0], []])
def test_there_is_no_ratio_to_a_floor_that_was_not_measured(floors: list[float]) -> None:
    assert ratio_of([1.0, 2.0, 3.0], floors) is None


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.0417, "0.0417"), (2.5, "2.50"), (15, "15.0"), (130, "130"), (18_000.4, "18,000")]
)
def test_a_number_is_written_with_three_digits_that_count(value: float, text: str) -> None:
    assert shown(value) == text


def test_a_range_of_one_value_is_written_as_that() -> None:
    assert str(Range(2, 2, 2)) == "2.00"
    assert str(Range(2, 1, 3)) == "2.00 (1.00..3.00)"
