"""Figures: percentiles, and of several rounds medians with their ranges, and ratios taken inside each round."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


def percentile(values: Sequence[float], share: float) -> float:
    """Give the value that `share` (0 to 1) of all are not above; the nearest rank."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def percentiles(name: str, values: Sequence[float]) -> dict[str, float]:
    """Give the figures `name`_p50, _p95 and _p99; none without values."""
    if not values:
        return {}
    ordered = sorted(values)
    return {f"{name}_p{share}": percentile(ordered, share / 100) for share in (50, 95, 99)}


@dataclass(frozen=True)
class Range:
    """The median of some rounds, and how far they lie apart."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        if shown(self.least) == shown(self.most):
            return shown(self.median)
        return f"{shown(self.median)} ({shown(self.least)}..{shown(self.most)})"


def range_of(values: Sequence[float]) -> Range | None:
    """Sum up the rounds; None where there were none."""
    return Range(statistics.median(values), min(values), max(values)) if values else None


def ratio_of(ours: Sequence[float], others: Sequence[float]) -> Range | None:
    """Sum up the ratios of two figures, taken inside each round; None where they can't be had."""
    if len(ours) != len(others) or not all(others):
        return None
    return range_of([one / other for one, other in zip(ours, others, strict=True)])


def shown(value: float) -> str:
    """Write a number with three digits that count."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"
