"""Write the table of a run, and its JSON file."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.figures import Range, range_of, ratio_of, shown
from bench.setup import Bound, Row

Rows = dict[str, dict[str, list[float]]]
Rounds = dict[str, Rows]
"""The figures of all rounds, by scenario, row and name."""

HEAD = """\
| what | bound | floor | ours | ours : floor | holds | best peer | Open WebUI |
|---|---:|---:|---:|---:|---|---:|---:|"""


def keep(rounds: Rounds, scenario: str, row: Row) -> None:
    """Add a row to the figures."""
    figures = rounds.setdefault(scenario, {}).setdefault(row["what"], {})
    for name, value in row["figures"].items():
        figures.setdefault(name, []).append(value)


@dataclass(frozen=True)
class Line:
    """One bound, its measured figure, and whether the bound holds."""

    bound: Bound
    allowed: float
    floor: Range | None
    ours: Range
    ratio: Range | None

    @property
    def holds(self) -> bool:
        """Return whether the median keeps to the bound."""
        value = self.ratio if self.bound.ratio else self.ours
        if value is None:
            return False
        return value.median >= self.allowed if self.bound.least else value.median <= self.allowed

    def __str__(self) -> str:
        holds = "yes" if self.holds else "**no**"
        ranges = [str(part) if part else "–" for part in (self.floor, self.ours, self.ratio)]
        return f"| {' | '.join([self.bound.what, self.bound_as_text(), *ranges, holds, *self.bound.peers])} |"

    def bound_as_text(self) -> str:
        """Format the bound, and beside it the raised bound if today's floor is slower."""
        sign = "≥" if self.bound.least else "≤"
        unit = "x floor" if self.bound.ratio else self.bound.unit
        own = f"{sign} {self.bound.bound:,g} {unit}".rstrip()
        return own if self.allowed == self.bound.bound else f"{own}, here {shown(self.allowed)}"


def lines(bounds: Iterable[Bound], rounds: Rounds) -> list[Line]:
    """Check the figures against the bounds, skipping scenarios that did not run."""
    return [line for bound in bounds if (line := line_of(bound, rounds.get(bound.scenario, {})))]


def line_of(bound: Bound, rows: Rows) -> Line | None:
    """Check one bound; None if it has no figure."""
    ours, floors = (rows.get(row, {}).get(bound.figure, []) for row in (bound.row, "floor"))
    if not (measured := range_of(ours)):
        return None
    floor = range_of(floors)
    return Line(bound, allowed(bound, floor), floor, measured, ratio_of(ours, floors))


def allowed(bound: Bound, floor: Range | None) -> float:
    """Return the bound on this machine today."""
    if bound.unit != "ms" or bound.floor is None or floor is None:
        return bound.bound
    return bound.bound * max(1.0, floor.median / bound.floor)


def table(held: Sequence[Line]) -> str:
    """Format the table in Markdown."""
    return "\n".join([HEAD, *map(str, held)])


def write(path: Path, rounds: Rounds, held: Sequence[Line], **more: object) -> None:
    """Write everything as JSON."""
    machine = {
        "system": platform.system(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": os.getloadavg(),
    }
    bounds = [asdict(line) | {"holds": line.holds} for line in held]
    content = {"machine": machine, "figures": rounds, "bounds": bounds, **more}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
