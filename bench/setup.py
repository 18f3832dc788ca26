"""Define a scenario, its bounds and the setup it runs with.

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
    """The figures of one thing ("ours", "floor", "8k tokens of prose"), by name."""

    what: str
    figures: dict[str, float]


@dataclass(frozen=True)
class Setup:
    """A running provider at `upstream` (with its /v1) and a folder; `quick` asks for a small run.

    The app in `tree` is measured as "ours", even if it is another commit's.
    """

    folder: Path
    upstream: str
    quick: bool = False
    tree: Tree = HERE

    def at(self, commit: str) -> Setup:
        """Return the setup for another commit, after one trial start of its server. Raises Unusable."""
        other = replace(self, tree=check_out(commit, self.new_folder()))
        try:
            with other.ours():
                return other
        except Unstarted as error:
            raise Unusable(f"{error}\nThe server of {commit} doesn't start, as the lines above say.") from error

    def ours(self, workers: int = 1, folder: Path | None = None) -> AbstractContextManager[Server]:
        """Serve Rivulet while a block runs, with a new database unless a folder has one."""
        return servers.rivulet(folder or self.new_folder(), self.upstream, workers, self.tree)

    def floor(self, workers: int = 1, folder: Path | None = None) -> AbstractContextManager[Server]:
        """Serve the bare relay while a block runs."""
        return servers.floor(folder or self.new_folder(), self.upstream, workers)

    def new_folder(self) -> Path:
        """Create a folder that is deleted at the end of the run."""
        return Path(tempfile.mkdtemp(dir=self.folder))


@dataclass(frozen=True)
class Scenario:
    """One scenario; each round calls `run` once. `wants` names a program to find first: chromium."""

    name: str
    about: str
    run: Callable[[Setup], Iterator[Row]]
    wants: str = ""


@dataclass(frozen=True)
class Bound:
    """The most that a figure of a scenario's row may be, or with `least` the least.

    `ratio` bounds it as a multiple of the row "floor" in the same round. `floor` is the floor's figure from the day the
    bound was set: if today's is higher, a bound in milliseconds grows in proportion. `peers` are the best other app's
    and Open WebUI's figures, measured once.
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
    """Start the fake provider; yield the setup for this tree, then for the commit `against`."""
    with tempfile.TemporaryDirectory(prefix="rivulet-bench-") as folder, servers.upstream() as upstream:
        here = Setup(Path(folder), upstream, quick)
        yield [here, here.at(against)] if against else [here]
