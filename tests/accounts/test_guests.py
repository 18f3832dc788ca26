"""People: guests, and the race of a newcomer's double click."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import update

from chat import conversations
from chat.accounts import guests
from chat.conversations import asking
from chat.database import Database, clock
from chat.limits import Asker
from chat.tables import people
from tests.turns import CHOICE, count, guest


def make_older(database: Database, seconds: int) -> None:
    """Let a time go by since everybody came."""
    with database.write() as connection:
        connection.execute(update(people).values(created_at=clock() - seconds))


def test_a_newcomer_becomes_a_guest(database: Database) -> None:
    ann, bob = guest(database, "ann"), guest(database, "bob")

    assert ann != bob
    assert count(database, people) == 2


def test_the_same_form_names_the_same_guest(database: Database) -> None:
    first, second = guest(database, "ann"), guest(database, "ann")

    assert first == second
    assert count(database, people) == 1


def test_newcomers_without_a_form_are_not_one_guest(database: Database) -> None:
    first, second = guest(database, ""), guest(database, "")

    assert first != second


def test_a_form_sent_twenty_times_at_once_makes_one_guest(database: Database) -> None:
    guests: list[int] = []
    senders = [threading.Thread(target=lambda: guests.append(guest(database, "ann"))) for _ in range(20)]

    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(20)

    assert len(guests) == 20
    assert len(set(guests)) == 1
    assert count(database, people) == 1


def test_a_guest_made_by_another_worker_at_the_same_moment_is_found(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, introduced, tries = guest(database, "ann"), asking.introduced, []

    def lose_the_race_once(connection, asker: Asker) -> Asker:
        tries.append(asker)
        if len(tries) == 1:
            connection.exec_driver_sql("INSERT INTO people (uid, created_at) VALUES ('ann', 0)")
        return introduced(connection, asker)

    monkeypatch.setattr(asking, "introduced", lose_the_race_once)
    turn = conversations.ask(database, Asker(None, "ann"), None, "Hello?", CHOICE)

    assert (turn.person_id, len(tries)) == (known, 2)
    assert count(database, people) == 1


def test_an_old_form_is_no_key_to_its_guest(database: Database) -> None:
    first = guest(database, "ann")

    make_older(database, guests.NEW_GUEST - 60)
    soon = guest(database, "ann")
    make_older(database, guests.NEW_GUEST)
    late = guest(database, "ann")

    assert soon == first
    assert late != first
    assert count(database, people) == 2
