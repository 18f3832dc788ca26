"""Parse the command line of the rounds."""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests import postgres
from tests.faults.rounds import KINDS, WIRES, Rounds


def main() -> int:
    """Run rounds as the command line says; return 1 if a promise was broken."""
    wanted = arguments()
    started = time.monotonic()
    print(f"seed {wanted.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="rivulet-faults-") as folder, ExitStack() as stack:
        database = stack.enter_context(postgres.postgres()) if wanted.postgres else None
        rounds = Rounds(Path(folder), wanted.seed, wanted.kinds, database)
        rounds.run(wanted.rounds, tell=lambda line: print(line, flush=True))
        print(f"\n{rounds.table()}\n{time.monotonic() - started:.0f} seconds.")
    for line in rounds.violations:
        print(line)
    return 1 if rounds.violations else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Inject random faults into a server, and check its promises.")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--postgres", action="store_true", help="use PostgreSQL instead of SQLite")
    parser.add_argument("--kinds", type=lambda text: text.split(","), default=KINDS, help=f"some of {','.join(KINDS)}")
    wanted = parser.parse_args()
    if unknown := set(wanted.kinds) - set(KINDS):
        parser.error(f"unknown kinds: {', '.join(sorted(unknown))}")
    if set(wanted.kinds) <= set(WIRES) and not wanted.postgres:
        parser.error(f"{' and '.join(WIRES)} need --postgres")
    return wanted


if __name__ == "__main__":
    sys.exit(main())
