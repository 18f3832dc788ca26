"""Numbers that are read when somebody asks: what the workers take of their machine, and which version they are."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from chat.metrics.board import Totals
from chat.metrics.series import Series, format_labels


class Reading(Series):
    """What is read from the living processes; left out where the system doesn't tell."""

    kind = "gauge"

    def __init__(self, name: str, meaning: str, read: Callable[[int], float]):
        super().__init__(name, meaning)
        self.read = read

    def samples(self, totals: Totals) -> Iterator[tuple[str, float]]:
        """Give the sum of the processes; one may have ended since."""
        values = list(filter(None, map(self._value, totals.pids)))
        if values:
            yield self.name, sum(values)

    def _value(self, pid: int) -> float:
        try:
            return self.read(pid)
        except OSError:
            return 0


class Constant(Series):
    """A fact, told by its labels."""

    kind = "gauge"

    def __init__(self, name: str, meaning: str, **labels: str):
        super().__init__(name, meaning)
        self.labels = labels

    def samples(self, totals: Totals) -> Iterable[tuple[str, float]]:
        """Give one sample, of the value 1."""
        return [(self.name + format_labels(self.labels.items()), 1)]


def memory_of(pid: int) -> float:
    """Read how much memory a process has, in bytes, what it shares with others included (Linux)."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def files_of(pid: int) -> float:
    """Count the open files of a process (Linux)."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
