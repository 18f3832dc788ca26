"""Measure Rivulet: `bin/bench [SCENARIO...] [--rounds N] [--quick] [--json FILE] [--against COMMIT]`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from itertools import product
from pathlib import Path

from bench import report
from bench.comparison import compare
from bench.figures import shown
from bench.limits import allow_open_files
from bench.scenarios import BOUNDS, SCENARIOS
from bench.setup import Row, Scenario, setting_up
from bench.trees import HERE, Tree, Unusable

USUAL = Path("build/bench.json")
AGAINST = """\
With --against only the server is another commit's; provider, visitors and browser are those of this tree.
`install` skips that commit, and `page` skips its conversations if its migrations are not the same."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for, print the table, and write the file."""
    options = parser().parse_args(arguments)
    chosen = [SCENARIOS[name] for name in options.scenario or SCENARIOS]
    if options.wants:
        print(*sorted({scenario.wants for scenario in chosen if scenario.wants}))
        return 0
    allow_open_files()
    warn_if_busy()
    try:
        measured = run(chosen, 1 if options.quick else options.rounds, options.quick, options.against)
    except Unusable as error:
        sys.exit(str(error))
    tell(measured, options.json)
    return 0


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    names = "\n".join(f"  {scenario.name:8} {scenario.about}" for scenario in SCENARIOS.values())
    made = argparse.ArgumentParser(
        prog="bin/bench",
        description="Measure Rivulet beside its floor, on this machine alone.",
        epilog=f"scenarios (all, if none is named):\n{names}\n\n{AGAINST}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("scenario", nargs="*", type=known, help="what to measure")
    made.add_argument("--rounds", type=positive, default=3, help="how often each is run, in turn (3)")
    made.add_argument("--quick", action="store_true", help="one round of everything in small: to see that it works")
    made.add_argument("--against", metavar="COMMIT", help="measure that commit's server, too, and compare")
    made.add_argument("--json", type=Path, default=USUAL, help=f"where all figures go ({USUAL})")
    made.add_argument("--wants", action="store_true", help="only print what has to be installed for it")
    return made


def known(name: str) -> str:
    """Read the name of a scenario."""
    if name not in SCENARIOS:
        raise argparse.ArgumentTypeError(f"there is no scenario {name}: choose from {', '.join(SCENARIOS)}")
    return name


def positive(text: str) -> int:
    """Read a number, 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"it can't be {text}: it takes a whole number, 1 or more")
    return int(text)


def warn_if_busy() -> None:
    """Say on stderr where others use this machine: times will be too long then, and shares of CPU too large."""
    if (load := os.getloadavg()[0]) > (cores := os.cpu_count() or 1) / 4:
        busy = f"This machine is busy: a load of {load:.1f} on {cores} cores. Measure again when it isn't."
        print(busy, file=sys.stderr)


def run(chosen: Sequence[Scenario], rounds: int, quick: bool, against: str | None) -> dict[Tree, report.Rounds]:
    """Run the scenarios one after another, as often as there are rounds; tells on stderr what it sees.

    Two trees take turns at going first. Raises Unusable.
    """
    with setting_up(quick, against) as setups:
        kept: dict[Tree, report.Rounds] = {setup.tree: {} for setup in setups}
        for number in range(1, rounds + 1):
            for scenario, setup in product(chosen, setups if number % 2 else setups[::-1]):
                for row in scenario.run(setup):
                    report.keep(kept[setup.tree], scenario.name, row)
                    print(told(number, scenario, setup.tree, row), file=sys.stderr, flush=True)
    return kept


def told(number: int, scenario: Scenario, tree: Tree, row: Row) -> str:
    """Write a row as one line."""
    whose = f" of {tree.commit[:7]}" if tree.commit else ""
    figures = "  ".join(f"{name} {shown(value)}" for name, value in row["figures"].items())
    return f"round {number}{whose}, {scenario.name}, {row['what']}: {figures}"


def tell(measured: dict[Tree, report.Rounds], file: Path) -> None:
    """Write the file, and print the table of the present tree and one that compares it with the other."""
    ours = measured[HERE]
    held = report.lines(BOUNDS, ours)
    against = [compare(ours, other, tree.commit) for tree, other in measured.items() if tree != HERE]
    report.write(file, ours, held, against=[asdict(comparison) for comparison in against])
    print(report.table(held), *against, sep="\n\n")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # else the servers would outlive it
    raise SystemExit(main())
