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
With --against, the other commit runs only the server; provider, visitors and browser come from this tree.
`install` skips that commit, and `page` skips its conversations if its migrations differ."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen scenarios, print the table and write the JSON file."""
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
    names = "\n".join(f"  {scenario.name:8} {scenario.about}" for scenario in SCENARIOS.values())
    made = argparse.ArgumentParser(
        prog="bin/bench",
        description="Measure Rivulet beside its floor, on this machine.",
        epilog=f"scenarios (default: all):\n{names}\n\n{AGAINST}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("scenario", nargs="*", type=known, help="the scenarios to run")
    made.add_argument("--rounds", type=positive, default=3, help="how often to run each scenario (3)")
    made.add_argument("--quick", action="store_true", help="run one small round of everything, to see that it works")
    made.add_argument("--against", metavar="COMMIT", help="also measure that commit's server, and compare")
    made.add_argument("--json", type=Path, default=USUAL, help=f"the file for all figures ({USUAL})")
    made.add_argument("--wants", action="store_true", help="only print which programs the scenarios need")
    return made


def known(name: str) -> str:
    """Check the name of a scenario."""
    if name not in SCENARIOS:
        raise argparse.ArgumentTypeError(f"{name} is no scenario: choose from {', '.join(SCENARIOS)}")
    return name


def positive(text: str) -> int:
    """Parse a positive whole number."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"it can't be {text}: enter a whole number, 1 or more")
    return int(text)


def warn_if_busy() -> None:
    """Warn on stderr if other programs use this machine, since they distort times and CPU shares."""
    if (load := os.getloadavg()[0]) > (cores := os.cpu_count() or 1) / 4:
        busy = f"This machine is busy: a load of {load:.1f} on {cores} cores. Measure again when it is idle."
        print(busy, file=sys.stderr)


def run(chosen: Sequence[Scenario], rounds: int, quick: bool, against: str | None) -> dict[Tree, report.Rounds]:
    """Run each scenario once a round and print each row on stderr.

    With two trees, each goes first in every other round. Raises Unusable.
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
    """Format a row as one line."""
    whose = f" of {tree.commit[:7]}" if tree.commit else ""
    figures = "  ".join(f"{name} {shown(value)}" for name, value in row["figures"].items())
    return f"round {number}{whose}, {scenario.name}, {row['what']}: {figures}"


def tell(measured: dict[Tree, report.Rounds], file: Path) -> None:
    """Write the JSON file; print the table of the present tree and its comparison with the other commit."""
    ours = measured[HERE]
    held = report.lines(BOUNDS, ours)
    against = [compare(ours, other, tree.commit) for tree, other in measured.items() if tree != HERE]
    report.write(file, ours, held, against=[asdict(comparison) for comparison in against])
    print(report.table(held), *against, sep="\n\n")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # otherwise the servers would outlive this process
    raise SystemExit(main())
