"""What a scenario is, and what it is given to run with.

A module of scenarios has SCENARIOS and BOUNDS and is named in bench/scenarios.py.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict

from bench import servers
from bench.servers import Server, Unstarted
from bench.trees import HERE, Tree, Unusable, check_out


class Row(TypedDict):
    """What was measured of one thing: "ours", "floor", "8k tokens of prose"; figures by name."""

    what: str
    figures: dict[str, float]


@dataclass(frozen=True)
class Setup:
    """A running provider at `upstream` (with its /v1) and a folder; `quick` asks for the same in small.

    What `tree` holds is measured as "ours", be it another commit's.
    """

    folder: Path
    upstream: str
    quick: bool = False
    tree: Tree = HERE

    def at(self, commit: str) -> Setup:
        """Give the same for another commit, whose server is started once to see that it starts. Raises Unusable."""
        other = replace(self, tree=check_out(commit, self.new_folder()))
        try:
            with other.ours():
                return other
        except Unstarted as error:
            raise Unusable(f"{error}\nThe server of {commit} doesn't start, as the lines above say.") from error

    def ours(self, workers: int = 1, folder: Path | None = None) -> AbstractContextManager[Server]:
        """Serve Rivulet as long as a block runs, with a new database unless a folder has one."""
        return servers.rivulet(folder or self.new_folder(), self.upstream, workers, self.tree)

    def floor(self, workers: int = 1, folder: Path | None = None) -> AbstractContextManager[Server]:
        """Serve the bare relay as long as a block runs."""
        return servers.floor(folder or self.new_folder(), self.upstream, workers)

    def new_folder(self) -> Path:
        """Make a folder that goes at the end of the run."""
        return Path(tempfile.mkdtemp(dir=self.folder))


@dataclass(frozen=True)
class Scenario:
    """One thing that is measured; `run` is called once a round. `wants` names what has to be found first: chromium."""

    name: str
    about: str
    run: Callable[[Setup], Iterator[Row]]
    wants: str = ""


@dataclass(frozen=True)
class Bound:
    """What a figure of a scenario's row may be at most (or, with `least`, at least).

    `ratio` bounds it as a multiple of the row "floor" in the same round. `floor` is what the floor's figure was when
    the bound was set: where today's is above it, a bound in milliseconds grows alike. `peers` are the best of the
    others and Open WebUI, as measured once.
    """

    what: str
    scenario: str
    figure: str
    bound: float
    unit: str = ""
    row: str = "ours"
    floor: float | None = None
    least: bool = False
    ratio: bool = False
    peers: tuple[str, str] = ("–", "–")


@contextmanager
def setting_up(quick: bool, against: str | None = None) -> Iterator[list[Setup]]:
    """Start the fake provider, and give what scenarios run with: for this tree, then for the commit `against`."""
    with tempfile.TemporaryDirectory(prefix="rivulet-bench-") as folder, servers.upstream() as upstream:
        here = Setup(Path(folder), upstream, quick)
        yield [here, here.at(against)] if against else [here]
