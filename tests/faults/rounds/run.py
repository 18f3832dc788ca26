"""Run wave after wave, and collect the results."""

from __future__ import annotations

import random
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.faults.rounds.blows import Away, Blow, Held, Kill, Restart, Severed, Silence
from tests.faults.rounds.exports import Export
from tests.faults.rounds.kinds import Cut, Race, Round
from tests.faults.rounds.lost import Lost
from tests.faults.rounds.stage import LONG, Stage, staged
from tests.faults.rounds.waves import Wave
from tests.postgres import Postgres

SLOTS = 40
BLOWS: dict[str, type[Blow]] = {"kill": Kill, "restart": Restart, "held": Held, "away": Away}
WIRES: dict[str, type[Blow]] = {"severed": Severed, "silence": Silence}
"""Blows for PostgreSQL only."""

ALONE: dict[str, type[Round]] = {"cut": Cut, "race": Race, "lost": Lost, "export": Export}
"""Faults that hit one round."""

KINDS = (*BLOWS, *WIRES, *ALONE)


class Rounds:
    """A number of rounds, of some kinds; `violations` lists the broken promises."""

    def __init__(
        self,
        folder: Path,
        seed: int,
        kinds: Sequence[str] = KINDS,
        postgres: Postgres | None = None,
        longest: float = LONG[1],
    ):
        self.folder, self.postgres, self.longest = folder, postgres, longest
        self.chance = random.Random(seed)
        blows = BLOWS | WIRES if postgres else BLOWS
        self.blows = [kind for kind in kinds if kind in blows] or [""]
        self.alone = [kind for kind in kinds if kind in ALONE]
        self.deck: list[str] = []
        self.done: Counter[str] = Counter()
        self.hit: Counter[str] = Counter()
        self.adopted = 0
        self.violations: list[str] = []

    def run(self, count: int, tell: Callable[[str], None] = lambda _: None) -> None:
        with staged(self.folder, self.chance, self.longest, self.postgres) as stage:
            while (left := count - self.done.total()) > 0:
                blow = self._draw()
                self._wave(stage, blow, min(SLOTS, left))
                tell(f"{self.done.total()} rounds, the last by {blow or 'no blow'}, {len(self.violations)} violations")

    def _draw(self) -> str:
        """Draw the kind of the next wave: each kind once before any repeats."""
        if not self.deck:
            self.deck = self.chance.sample(self.blows, len(self.blows))
        return self.deck.pop()

    def _wave(self, stage: Stage, blow: str, size: int) -> None:
        rounds = [self._new_round(stage, blow) for _ in range(size)]
        hurt = {**BLOWS, **WIRES, "": Blow}[blow](stage)
        found = Wave(stage, hurt, rounds).run()
        self.violations += [f"{blow} ({hurt.told}): {line}" if hurt.told else f"{blow}: {line}" for line in found]
        for round_ in rounds:
            self.done[round_.kind] += 1
            self.hit[round_.kind] += round_.hit
            self.adopted += round_.adopted

    def _new_round(self, stage: Stage, blow: str) -> Round:
        kind = self.chance.choice([*self.alone, *[blow] * bool(blow)])
        return ALONE.get(kind, Round)(f"r-{secrets.token_hex(6)}", kind, stage, random.Random(self.chance.random()))

    def table(self) -> str:
        """Format the results as a table."""
        lines = ["| kind | rounds | that hit their answer |", "|---|---:|---:|"]
        lines += [f"| {kind} | {self.done[kind]} | {self.hit[kind]} |" for kind in KINDS if self.done[kind]]
        total = f"| all | {self.done.total()} | {self.hit.total()} |"
        return "\n".join([*lines, total, "", f"{self.adopted} adoptions, {len(self.violations)} violations."])
