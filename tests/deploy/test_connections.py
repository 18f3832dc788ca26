"""Test that a Postgres plan with few connections is enough."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from secrets import token_hex

import pytest

from tests.faults.harness import served, until_ended
from tests.faults.model import Model, question
from tests.postgres import Postgres

UNLIMITED = {
    f"{what}{who}": "0" for what in ("MAX_CONCURRENT_ANSWERS", "MESSAGES_PER_MINUTE") for who in ("", "_PER_ADDRESS")
}
"""All these users come from one address."""


@pytest.fixture
def model() -> Iterator[Model]:
    """A model's server."""
    with Model() as model:
        yield model


def test_twenty_connections_are_enough_for_thirty_sends_at_once_and_a_deploy(
    tmp_path: Path, model: Model, database_server: Postgres
) -> None:
    """As on Heroku's smallest plan: two workers, and two more while they are leaving; every send is answered."""
    url = database_server.new_database()
    name = url.rpartition("/")[2]
    database_server.command(f"CREATE ROLE {name} LOGIN CONNECTION LIMIT 20")
    database_server.command(f"ALTER DATABASE {name} OWNER TO {name}")
    environ = {"DATABASE_URL": url.replace("rivulet@", f"{name}@"), "SECRET_KEY": token_hex(32), "WEB_CONCURRENCY": "2"}
    environ |= UNLIMITED

    with served(tmp_path / "old", model, DRAIN_SECONDS="20", **environ) as old, ThreadPoolExecutor(30) as people:
        sends = [people.submit(old.browser().send, question(f"crowd-{number}", 5)) for number in range(30)]
        sent = [send.result() for send in sends]
        with served(tmp_path / "new", model, **environ) as new:
            old.send_signal(signal.SIGTERM)
            sent.append(new.browser().send(question("crowd-of-the-new", 5)))
            states = {until_ended(new.database, one.reply).state for one in sent}

    assert states == {"complete"}
