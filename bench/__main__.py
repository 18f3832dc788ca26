"""Measure Rivulet: `bin/bench [SCENARIO...] [--rounds N] [--quick] [--json FILE]`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from bench import report
from bench.figures import shown
from bench.limits import allow_open_files
from bench.scenarios import BOUNDS, SCENARIOS
from bench.setup import Row, Scenario, setting_up

USUAL = Path("build/bench.json")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for, print the table, and write the file."""
    options = parser().parse_args(arguments)
    chosen = [SCENARIOS[name] for name in options.scenario or SCENARIOS]
    if options.wants:
        print(*sorted({scenario.wants for scenario in chosen if scenario.wants}))
        return 0
    allow_open_files()
    warn_if_busy()
    rounds = run(chosen, 1 if options.quick else options.rounds, options.quick)
    held = report.lines(BOUNDS, rounds)
    report.write(options.json, rounds, held)
    print(report.table(held))
    return 0


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    names = "\n".join(f"  {scenario.name:8} {scenario.about}" for scenario in SCENARIOS.values())
    made = argparse.ArgumentParser(
        prog="bin/bench",
        description="Measure Rivulet beside its floor, on this machine alone.",
        epilog=f"scenarios (all, if none is named):\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("scenario", nargs="*", type=known, help="what to measure")
    made.add_argument("--rounds", type=positive, default=3, help="how often each is run, in turn (3)")
    made.add_argument("--quick", action="store_true", help="one round of everything in small: to see that it works")
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


def run(chosen: Sequence[Scenario], rounds: int, quick: bool) -> report.Rounds:
    """Run the scenarios one after another, as often as there are rounds; tells on stderr what it sees."""
    kept: report.Rounds = {}
    with setting_up(quick) as setup:
        for number in range(1, rounds + 1):
            for scenario in chosen:
                for row in scenario.run(setup):
                    report.keep(kept, scenario.name, row)
                    print(told(number, scenario, row), file=sys.stderr, flush=True)
    return kept


def told(number: int, scenario: Scenario, row: Row) -> str:
    """Write a row as one line."""
    figures = "  ".join(f"{name} {shown(value)}" for name, value in row["figures"].items())
    return f"round {number}, {scenario.name}, {row['what']}: {figures}"


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # else the servers would outlive it
    raise SystemExit(main())
