"""Instruments: counters, gauges and histograms, and how to write them in Prometheus' text format, version 0.0.4."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate

from chat.metrics.board import Board, Totals

OTHER = "other"


class Series(ABC):
    """One metric: its name, its meaning, and its samples."""

    kind = ""

    def __init__(self, name: str, meaning: str):
        self.name = name
        self.meaning = meaning

    def lines(self, totals: Totals) -> Iterator[str]:
        yield f"# HELP {self.name} {self.meaning}"
        yield f"# TYPE {self.name} {self.kind}"
        for name, value in self.samples(totals):
            yield f"{name} {value:.10g}"

    @abstractmethod
    def samples(self, totals: Totals) -> Iterable[tuple[str, float]]:
        """Return the value of each sample by its name and labels."""


class Counter(Series):
    """A number that only grows. With labels it has one number for each expected combination and one for all others."""

    kind = "counter"
    passing = False

    def __init__(self, board: Board, name: str, meaning: str, labels: Sequence[str] = ()):
        super().__init__(name, meaning)
        self.labels = labels
        self.board = board
        self._other = board.take(1, self.passing)
        self._places = {(OTHER,) * len(labels): self._other}

    def expect(self, values: Iterable[tuple[str, ...]]) -> None:
        """Reserve numbers for combinations of labels."""
        for combination in values:
            self._places.setdefault(combination, self.board.take(1, self.passing))

    def add(self, *labels: str, by: float = 1) -> None:
        """Add `by` to the number of these labels; unexpected labels count as `other`."""
        self.board.own[self._places.get(labels, self._other)] += by

    def samples(self, totals: Totals) -> Iterable[tuple[str, float]]:
        numbers = totals.living if self.passing else totals.counted
        for values, place in self._places.items():
            yield self.name + format_labels(zip(self.labels, values, strict=True)), numbers[place]


class Gauge(Counter):
    """A number that rises and falls, and ends with its process."""

    kind = "gauge"
    passing = True

    @contextmanager
    def during(self) -> Iterator[None]:
        """Count one more while the block runs."""
        self.add()
        try:
            yield
        finally:
            self.add(by=-1)


class Histogram(Series):
    """Values counted by size in buckets, and their sum."""

    kind = "histogram"

    def __init__(self, board: Board, name: str, meaning: str, bounds: Sequence[float]):
        super().__init__(name, meaning)
        self.board = board
        self.bounds = bounds
        self._sum = board.take(1)
        self._first = board.take(len(bounds) + 1)

    def observe(self, value: float) -> None:
        own = self.board.own
        own[self._first + bisect_left(self.bounds, value)] += 1
        own[self._sum] += value

    @contextmanager
    def time(self) -> Iterator[None]:
        """Observe the seconds that a block takes, even if it raises."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.observe(time.monotonic() - began)

    def samples(self, totals: Totals) -> Iterator[tuple[str, float]]:
        """Yield the buckets, each including all smaller values, then the sum and the count."""
        ends = [f"{bound:g}" for bound in self.bounds] + ["+Inf"]
        counts = list(accumulate(totals.counted[self._first : self._first + len(ends)]))
        for end, count in zip(ends, counts, strict=True):
            yield f"{self.name}_bucket{format_labels([('le', end)])}", count
        yield f"{self.name}_sum", totals.counted[self._sum]
        yield f"{self.name}_count", counts[-1]


def format_labels(pairs: Iterable[tuple[str, str]]) -> str:
    signs = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
    written = ",".join(f'{name}="{value.translate(signs)}"' for name, value in pairs)
    return f"{{{written}}}" if written else ""
