"""Streams end with the session that they belong to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import update

from chat.accounts import people
from chat.database import Database
from chat.sessions import SessionStore, digest
from chat.tables import people as people_table
from tests.asking import TEXT, begin, reply_in
from tests.postgres import Postgres
from tests.scripted import Gate, Scripted
from tests.team import signed_in


@pytest.fixture
def app(team_app: Flask) -> Flask:
    """An app that a team shares."""
    return team_app


def suspend(database: Database, person_id: int) -> None:
    """Mark somebody as suspended, and no more."""
    with database.write() as connection:
        connection.execute(update(people_table).values(suspended_at=1))


def remove(database: Database, person_id: int) -> None:
    """Delete somebody."""
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM people")


def end_sessions(database: Database, person_id: int) -> None:
    """End their sessions, as a change of role or of the password does."""
    with database.write() as connection:
        people.end_sessions(connection, person_id)


class Reader(threading.Thread):
    """Reads a stream to its end."""

    def __init__(self, stream: Iterator[bytes]):
        super().__init__(daemon=True)
        self.stream, self.read = stream, b""
        self.start()

    def run(self) -> None:
        """Read."""
        for chunk in self.stream:
            self.read += chunk


@pytest.mark.parametrize("change", [suspend, remove, end_sessions])
def test_a_stream_of_somebody_who_is_suspended_removed_or_signed_out_ends_and_says_no_more(
    app: Flask, provider: Scripted, change: Callable[[Database, int], None]
) -> None:
    """ALLM 26-32717, OW 26-59219: what was begun went on after the right to it was gone."""
    gate, database = Gate(), app.extensions["database"]
    provider.will_say("Hel", gate, "lo")
    client = signed_in(app)
    conversation = begin(client)
    gate.wait_until_reached()
    reply = reply_in(client, conversation)
    reader = Reader(client.get(f"/replies/{reply}/generation").iter_encoded())

    change(database, people.by_email(database, "ann@example.org").id)  # type: ignore[union-attr]

    reader.join(20)
    gate.open()
    assert not reader.is_alive() and b"Hel" in reader.read and b"hx-preserve" not in reader.read
    assert client.get(f"/replies/{reply}/generation").status_code == 303


def test_bare_text_says_why_it_ends(app: Flask, provider: Scripted) -> None:
    gate, database = Gate(), app.extensions["database"]
    provider.will_say("Hel", gate, "lo")
    client = signed_in(app)
    reader = Reader(client.post("/conversations", data={"text": "Hello?"}, headers=TEXT).iter_encoded())
    gate.wait_until_reached()

    suspend(database, 1)

    reader.join(20)
    gate.open()
    assert not reader.is_alive() and b"This session has ended" in reader.read and b"lo" not in reader.read[3:5]


def test_a_stream_in_another_browser_goes_on(app: Flask, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say("Hel", gate, "lo")
    client, other = signed_in(app), signed_in(app)
    conversation = begin(client)
    gate.wait_until_reached()
    address = f"/replies/{reply_in(client, conversation)}/generation"
    gone, stays = Reader(client.get(address).iter_encoded()), Reader(other.get(address).iter_encoded())

    client.post("/sign-out")
    gone.join(20)
    gate.open()
    stays.join(20)

    assert not gone.is_alive() and b"lo" in stays.read and b"hx-preserve" in stays.read


def test_sessions_that_ended_are_found_in_one_query(app: Flask) -> None:
    store = app.session_interface.cache  # type: ignore[attr-defined]
    store.add("one", {})

    assert set(store.ended([digest("one"), digest("two")])) == {digest("two")}


def test_sessions_that_ended_are_found_on_postgres(database_server: Postgres) -> None:
    database = Database(database_server.new_database())
    database.upgrade()
    store = SessionStore(database)
    store.add("one", {})

    assert set(store.ended([digest("one"), digest("two")])) == {digest("two")}
    assert store.set("one", {"a": 1}) and not store.set("two", {})
    database.engine.dispose()
