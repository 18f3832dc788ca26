"""Test a rolling restart behind routers under load: no turn fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.harness import Model
from tests.faults.rolling import before, pair, roll, table
from tests.routers import BUFFERING, CLOUDFLARE, CUTTING, HEROKU, NGINX

KINDS = (HEROKU, NGINX, CLOUDFLARE, BUFFERING, CUTTING)


LATE = pytest.mark.parametrize("late", [0.0, 1.0], ids=["told at once", "told a second late"])
"""How many seconds after a backend's stop the routers learn of it."""


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "SQLite":
        return f"sqlite:///{tmp_path / 'rivulet.db'}"
    return request.getfixturevalue("database_server").new_database()


def none_fails(url: str, folder: Path, model: Model, late: float, persons: int, rounds: int) -> None:
    """Restart each of two servers of two workers a number of times while users take turns behind each router."""
    with pair(folder, model, url, WEB_CONCURRENCY="2") as servers, before(KINDS, servers) as routers:
        tallies = roll(servers, routers, persons, late, rounds)

    print(table(tallies))
    assert [failed for tally in tallies.values() for failed in tally.failed] == []
    assert all(tally.turns >= persons for tally in tallies.values())


def test_no_turn_fails_in_a_rolling_restart(tmp_path: Path, model: Model) -> None:
    """F4: on SQLite, behind routers that learn late that a backend stops."""
    none_fails(f"sqlite:///{tmp_path / 'rivulet.db'}", tmp_path, model, late=1, persons=2, rounds=1)


@pytest.mark.long
@pytest.mark.timeout(600)
@LATE
def test_no_turn_fails_in_many_rolling_restarts(url: str, tmp_path: Path, model: Model, late: float) -> None:
    """F4: on both databases, behind routers that learn of it at once, and late."""
    none_fails(url, tmp_path, model, late, persons=4, rounds=3)
