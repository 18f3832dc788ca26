"""A rolling restart behind routers under load: no turn fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.harness import Model
from tests.faults.rolling import before, pair, roll, table
from tests.routers import BUFFERING, CLOUDFLARE, CUTTING, HEROKU, NGINX

KINDS = (HEROKU, NGINX, CLOUDFLARE, BUFFERING, CUTTING)


@pytest.mark.parametrize("late", [0.0, 1.0], ids=["at once", "a second late"])
def test_no_turn_fails_in_a_rolling_restart(tmp_path: Path, model: Model, late: float) -> None:
    """F4: on SQLite; routers that hear at once that a backend stops, and such that hear of it late."""
    url = f"sqlite:///{tmp_path / 'rivulet.db'}"
    with pair(tmp_path, model, url, WEB_CONCURRENCY="2") as servers, before(KINDS, servers) as routers:
        tallies = roll(servers, routers, persons=2, late=late)

    print(table(tallies))
    assert [failed for tally in tallies.values() for failed in tally.failed] == []
    assert all(tally.turns >= 2 for tally in tallies.values())
