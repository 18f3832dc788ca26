"""People: guests, and the race of a newcomer's double click."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import func, insert, select, update

from chat import accounts
from chat.database import Database, clock
from chat.tables import people


def count(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(people)).scalar_one()


def make_older(database: Database, seconds: int) -> None:
    """Let a time go by since everybody came."""
    with database.write() as connection:
        connection.execute(update(people).values(created_at=clock() - seconds))


def test_a_newcomer_becomes_a_guest(database: Database) -> None:
    ann, bob = accounts.welcome(database, "ann"), accounts.welcome(database, "bob")

    assert ann != bob
    assert count(database) == 2


def test_the_same_form_names_the_same_guest(database: Database) -> None:
    first, second = accounts.welcome(database, "ann"), accounts.welcome(database, "ann")

    assert first == second
    assert count(database) == 1


def test_a_form_sent_twenty_times_at_once_makes_one_guest(database: Database) -> None:
    guests: list[int | None] = []
    senders = [threading.Thread(target=lambda: guests.append(accounts.welcome(database, "ann"))) for _ in range(20)]

    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(20)

    assert len(guests) == 20
    assert len(set(guests)) == 1 and None not in guests
    assert count(database) == 1


def test_a_guest_made_by_another_worker_at_the_same_moment_is_found(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []
    find_or_make = accounts.find_or_make

    def lose_the_race_once(database: Database, uid: str) -> int | None:
        tries.append(uid)
        if len(tries) == 1:
            with database.write() as connection:
                connection.execute(insert(people).values(uid=uid, created_at=clock()))
                connection.execute(insert(people).values(uid=uid, created_at=clock()))
        return find_or_make(database, uid)

    monkeypatch.setattr(accounts, "find_or_make", lose_the_race_once)

    assert accounts.welcome(database, "ann") is not None
    assert tries == ["ann", "ann"]
    assert count(database) == 1


def test_an_old_form_is_no_key_to_its_guest(database: Database) -> None:
    accounts.welcome(database, "ann")

    make_older(database, accounts.NEW_GUEST - 60)
    soon = accounts.welcome(database, "ann")
    make_older(database, accounts.NEW_GUEST)
    late = accounts.welcome(database, "ann")

    assert soon is not None
    assert late is None
    assert count(database) == 1
