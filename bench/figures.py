"""Calculate percentiles, medians with their ranges over several rounds, and ratios inside each round."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


def percentile(values: Sequence[float], share: float) -> float:
    """Return the percentile at `share` (0 to 1), by nearest rank."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def percentiles(name: str, values: Sequence[float]) -> dict[str, float]:
    """Return the figures `name`_p50, _p95 and _p99; none without values."""
    if not values:
        return {}
    ordered = sorted(values)
    return {f"{name}_p{share}": percentile(ordered, share / 100) for share in (50, 95, 99)}


@dataclass(frozen=True)
class Range:
    """The median of some rounds, with their minimum and maximum."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        if shown(self.least) == shown(self.most):
            return shown(self.median)
        return f"{shown(self.median)} ({shown(self.least)}..{shown(self.most)})"


def range_of(values: Sequence[float]) -> Range | None:
    """Summarize the rounds; None if there are none."""
    return Range(statistics.median(values), min(values), max(values)) if values else None


def ratio_of(ours: Sequence[float], others: Sequence[float]) -> Range | None:
    """Summarize the ratios of two figures, taken inside each round; None if a figure is missing."""
    if len(ours) != len(others) or not all(others):
        return None
    return range_of([one / other for one, other in zip(ours, others, strict=True)])


def shown(value: float) -> str:
    """Format a number with three significant digits."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"
