"""The board of numbers: a row of doubles for each worker, in memory that all workers of a server share.

The server's master allocates that memory before it starts workers. So numbers survive a killed worker: its replacement
goes on counting in the same row. Nothing remains when the server ends.
"""

from __future__ import annotations

import os
from array import array
from dataclasses import dataclass
from mmap import mmap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Numbers = array[float] | memoryview[float]

PID = 0
"""The index in each row of the id of the process that writes it; 0 in an unused row."""


@dataclass(frozen=True)
class Totals:
    """The sums of all rows, the sums of living processes only, and the ids of these."""

    counted: list[float]
    living: list[float]
    pids: list[int]


class Board:
    """The row of this process, and the rows of the others.

    No other thread interrupts an addition: the interpreter switches threads only at calls and jumps.
    """

    def __init__(self) -> None:
        self._kept = array("d", [os.getpid()])
        self.own: Numbers = self._kept
        self.rows: list[Numbers] = [self.own]
        self._passing = {PID}

    def take(self, count: int, passing: bool = False) -> int:
        """Reserve numbers before the board is shared; `passing` ones end with their process."""
        place = len(self.own)
        self._kept.extend([0.0] * count)
        self._passing |= set(range(place, place + count)) if passing else set()
        return place

    def share(self, memory: mmap, row: int) -> None:
        """Move to a row of shared memory and add to its numbers; all processes reserved the same ones."""
        doubles, width = memoryview(memory).cast("d"), len(self.own)
        rows: list[Numbers] = [doubles[start : start + width] for start in range(0, len(doubles) - width + 1, width)]
        if row < len(rows):
            for place, value in enumerate(self.own):
                rows[row][place] = value + (0 if place in self._passing else rows[row][place])
            self.own, self.rows = rows[row], rows

    def totals(self) -> Totals:
        used = [row for row in self.rows if row[PID]]
        alive = [row for row in used if is_alive(int(row[PID]))]
        counted, living = ([sum(numbers) for numbers in zip(*rows, strict=True)] for rows in (used, alive))
        return Totals(counted, living, [int(row[PID]) for row in alive])


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
