"""Metrics that are read only when Prometheus asks: the resources of the workers, and their version."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from chat.metrics.board import Totals
from chat.metrics.instruments import Series, format_labels


class Reading(Series):
    """A number read from each living process; left out if the system doesn't provide it."""

    kind = "gauge"

    def __init__(self, name: str, meaning: str, read: Callable[[int], float]):
        super().__init__(name, meaning)
        self.read = read

    def samples(self, totals: Totals) -> Iterator[tuple[str, float]]:
        values = []
        for pid in totals.pids:
            with suppress(OSError):  # the process can have ended
                values.append(self.read(pid))
        if values:
            yield self.name, sum(values)


class Constant(Series):
    """A fact that its labels state; its value is 1."""

    kind = "gauge"

    def __init__(self, name: str, meaning: str, **labels: str):
        super().__init__(name, meaning)
        self.labels = labels

    def samples(self, totals: Totals) -> Iterable[tuple[str, float]]:
        return [(self.name + format_labels(self.labels.items()), 1)]


def memory_of(pid: int) -> float:
    """Read the memory of a process in bytes, shared memory included (Linux)."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def files_of(pid: int) -> float:
    """Count the open files of a process (Linux)."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
