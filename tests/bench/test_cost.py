"""Test the measurement of an answer's cost as it gets longer."""

from __future__ import annotations

from typing import Any

import pytest

from bench import cost
from bench.plan import Load
from bench.setup import Setup

NO_SERVER: Any = None
"""The server of a replaced function, which doesn't use it."""


def costing(seconds: float, power: float):
    """Build a measurement in which an answer costs a power of its length."""

    def measured(load: Load, *_: object) -> dict[str, float]:
        return {"cpu_s_a_thousand": seconds * (load.tokens / 1000) ** (power - 1), "bytes_a_byte": 3.0}

    return measured


@pytest.mark.parametrize(("power", "times"), [(1, 8), (2, 64)])
def test_the_growth_of_an_answers_cost_is_seen(monkeypatch, tmp_path, power: float, times: float) -> None:
    monkeypatch.setattr(cost, "measured", costing(0.5, power))

    figures = cost.by_length("prose", Setup(tmp_path, ""), NO_SERVER)

    assert figures["cpu_8k_1k"] == pytest.approx(times)
    assert figures["cpu_s_1k"] == pytest.approx(0.5)
    assert figures["sent_8k"] == 3.0


def test_a_cost_too_small_to_be_seen_is_no_division_by_zero(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(cost, "measured", costing(0.0, 1))

    assert cost.by_length("prose", Setup(tmp_path, ""), NO_SERVER)["cpu_8k_1k"] == 0
