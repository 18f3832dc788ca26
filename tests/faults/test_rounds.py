"""Test that a short run of each kind of random round breaks no promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.rounds import KINDS, Rounds
from tests.faults.rounds.stage import LEASE
from tests.postgres import Postgres

ON_SQLITE = [("held", "lost", "export"), ("away", "lost", "export")]
ON_POSTGRES = [("severed", "lost", "export"), ("silence", "lost", "export")]
ON_BOTH = [*ON_POSTGRES, *(pytest.param(kinds, marks=pytest.mark.long) for kinds in ON_SQLITE)]
"""Without --long, test_held.py, test_outages.py and test_postgres.py hold PostgreSQL or take it away."""


def test_every_kind_has_a_short_run() -> None:
    short = {kind for kinds in ON_SQLITE + ON_POSTGRES for kind in kinds}
    assert {*KINDS} - short == {"kill", "restart", "cut", "race"}


@pytest.mark.parametrize("kinds", ON_SQLITE, ids=lambda kinds: kinds[0])
def test_twenty_rounds_break_no_promise_on_sqlite(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    rounds = Rounds(tmp_path, seed=20, kinds=kinds, longest=LEASE[1])

    rounds.run(20)

    assert rounds.violations == [] and rounds.done.total() == 20


@pytest.mark.parametrize("kinds", ON_BOTH, ids=lambda kinds: kinds[0])
def test_twenty_rounds_break_no_promise_on_postgres(
    tmp_path: Path, database_server: Postgres, kinds: tuple[str, ...]
) -> None:
    rounds = Rounds(tmp_path, seed=20, kinds=kinds, postgres=database_server, longest=LEASE[1])

    rounds.run(20)

    assert rounds.violations == [] and rounds.done.total() == 20
