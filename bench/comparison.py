"""Compare the present tree with another commit: each figure of both, and their ratio inside each round.

Both are measured beside the same floor, so the ratio of the floor's figures shows the noise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.figures import Range, range_of, ratio_of
from bench.report import Rounds, Rows

ALIKE = ("direct", "floor")
"""Rows that both trees share."""


@dataclass(frozen=True)
class Pair:
    """One figure of both trees, their ratio, and the ratio of the two floors."""

    scenario: str
    row: str
    figure: str
    ours: Range | None
    other: Range | None
    ratio: Range | None
    noise: Range | None

    def __str__(self) -> str:
        ranges = [str(part) if part else "–" for part in (self.ours, self.other, self.ratio, self.noise)]
        return f"| {' | '.join([f'{self.scenario}, {self.row}: {self.figure}', *ranges])} |"


@dataclass(frozen=True)
class Comparison:
    """All figures of another commit, and their comparison with ours."""

    commit: str
    figures: Rounds
    pairs: list[Pair]

    def __str__(self) -> str:
        name = self.commit[:7]
        head = f"| what | ours | {name} | ours : {name} | noise (floor : floor) |\n|---|---:|---:|---:|---:|"
        return "\n".join([head, *map(str, self.pairs)])


def compare(ours: Rounds, other: Rounds, commit: str) -> Comparison:
    """Compare the figures of the present tree with the figures of a commit."""
    return Comparison(commit, other, list(pairs(ours, other)))


def pairs(ours: Rounds, other: Rounds) -> Iterator[Pair]:
    """Pair the figures of every row that belongs to a tree."""
    for scenario, rows in other.items():
        for row in rows:
            if not row.startswith(ALIKE):
                yield from paired(scenario, row, ours[scenario], rows)


def paired(scenario: str, row: str, ours: Rows, other: Rows) -> Iterator[Pair]:
    """Pair the figures of one row; a figure that one tree lacks is None."""
    floor = f"floor{row.removeprefix('ours')}"
    for figure in ours[row] | other[row]:
        mine, theirs = (rows[row].get(figure, []) for rows in (ours, other))
        floors = (rows.get(floor, {}).get(figure, []) for rows in (ours, other))
        ratios = ratio_of(mine, theirs), ratio_of(*floors)
        yield Pair(scenario, row, figure, range_of(mine), range_of(theirs), *ratios)
