"""Test that streams end with their session. Near the limit of open files only new streams are refused, with a
sentence."""

from __future__ import annotations

import resource
import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import update

from chat.people import accounts
from chat.storage.database import Database, clock
from chat.storage.tables import people as people_table
from chat.storage.tables import sessions
from chat.web.streams import SPARE_FILES, Streams
from tests.asking import TEXT, begin, ended, reply_in
from tests.scripted import Gate, Scripted
from tests.team import account, change, sign_in, signed_in


@pytest.fixture
def app(team_app: Flask) -> Flask:
    """An app that a team shares."""
    return team_app


def suspend(database: Database, person_id: int) -> None:
    """Mark a person as suspended, without other effects."""
    with database.write() as connection:
        connection.execute(update(people_table).values(suspended_at=1))


def remove(database: Database, person_id: int) -> None:
    """Delete a person."""
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM people")


def end_sessions(database: Database, person_id: int) -> None:
    """End their sessions, as a change of role or of the password does."""
    with database.write() as connection:
        accounts.end_sessions(connection, person_id)


def run_out(database: Database, person_id: int) -> None:
    """Let their sessions expire, by idleness or by age: one column holds the time of both."""
    with database.write() as connection:
        connection.execute(update(sessions).values(expires_at=clock()))


class Reader(threading.Thread):
    """Reads a stream to its end."""

    def __init__(self, stream: Iterator[bytes]):
        super().__init__(daemon=True)
        self.stream, self.read = stream, b""
        self.start()

    def run(self) -> None:
        for chunk in self.stream:
            self.read += chunk


@pytest.mark.parametrize("change", [suspend, remove, end_sessions, run_out])
def test_a_stream_of_somebody_who_is_suspended_removed_or_signed_out_ends_and_says_no_more(
    app: Flask, provider: Scripted, change: Callable[[Database, int], None]
) -> None:
    """ALLM 26-32717, OW 26-59219: a stream went on after the right to it was gone."""
    gate, database = Gate(), app.extensions["rivulet"].database
    provider.will_say("Hel", gate, "lo")
    client = signed_in(app)
    conversation = begin(client)
    gate.wait_until_reached()
    reply = reply_in(client, conversation)
    reader = Reader(client.get(f"/replies/{reply}/generation").iter_encoded())

    change(database, accounts.by_email(database, "ann@example.org").id)  # type: ignore[union-attr]

    reader.join(20)
    gate.open()
    assert not reader.is_alive() and b"Hel" in reader.read and b"hx-preserve" not in reader.read
    assert client.get(f"/replies/{reply}/generation").status_code == 303


@pytest.mark.parametrize("change", [suspend, run_out])
def test_bare_text_says_why_it_ends(app: Flask, provider: Scripted, change: Callable[[Database, int], None]) -> None:
    gate, database = Gate(), app.extensions["rivulet"].database
    provider.will_say("Hel", gate, "lo")
    client = signed_in(app)
    reader = Reader(client.post("/conversations", data={"text": "Hello?"}, headers=TEXT).iter_encoded())
    gate.wait_until_reached()

    change(database, 1)

    reader.join(20)
    gate.open()
    assert not reader.is_alive() and b"You've been signed out" in reader.read and b"lo" not in reader.read[3:5]


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


def test_a_guests_stream_ends_when_they_are_merged_into_an_account(app: Flask, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say("Hel", gate, "lo")
    change(app, access="open")
    guest, member = app.test_client(), account(app.extensions["rivulet"].database)
    reader = Reader(guest.post("/conversations", data={"text": "Hello?"}, headers=TEXT).iter_encoded())
    gate.wait_until_reached()

    sign_in(guest)

    reader.join(20)
    gate.open()
    assert member and not reader.is_alive() and b"You've been signed out" in reader.read


def test_the_limit_follows_from_the_open_files_that_are_allowed() -> None:
    assert Streams(lambda _: frozenset()).limit == max(
        1, (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_FILES) // 2
    )


def test_a_stream_past_the_limit_gets_a_sentence_and_its_answer_is_written(app: Flask, provider: Scripted) -> None:
    gate, client = Gate(), signed_in(app)
    provider.will_say("So ", gate, "it goes.")
    conversation = begin(client, "Hello?")
    reply = reply_in(client, conversation)
    app.extensions["rivulet"].streams.limit = 0

    refused = client.get(f"/replies/{reply}/generation")
    gate.open()
    app.extensions["rivulet"].streams.limit = 1

    assert refused.status_code == 503
    assert "stream more answers right now" in refused.text
    assert "So it goes." in ended(client, conversation)


def test_a_stream_that_ends_makes_room(app: Flask, provider: Scripted) -> None:
    client = signed_in(app)
    provider.will_say("So it goes.")
    conversation = begin(client, "Hello?")
    ended(client, conversation)

    client.get(f"/replies/{reply_in(client, conversation)}/generation")

    assert app.extensions["rivulet"].streams.count == 0
