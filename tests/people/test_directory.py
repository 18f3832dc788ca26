"""Test the list of users: accounts and when they were last seen, and nothing from their conversations."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple

import pytest
from sqlalchemy import update

from chat.people import accounts, directory, roles
from chat.people.invites import EmailTaken
from chat.people.sessions import SessionStore
from chat.storage.database import Database, NotFound
from chat.storage.tables import people as table
from tests.people.conftest import joined
from tests.turns import asked, count


def come_in(database: Database, store: SessionStore, person_id: int, sid: str) -> None:
    """Begin a member's session."""
    with database.write() as connection:
        store.move(connection, "none", sid, {"person": person_id}, "a browser")


def long_ago(database: Database) -> None:
    """Move everyone's last visit far into the past."""
    with database.write() as connection:
        connection.execute(update(table).values(seen_at=1))


def test_who_comes_in_is_seen_and_again_when_a_session_is_touched(either: Database) -> None:
    bob, store = joined(either, "bob"), SessionStore(either)
    joined(either, "cid")

    never = directory.find(either, bob.id).seen_at
    come_in(either, store, bob.id, "one")
    came = directory.find(either, bob.id).seen_at
    long_ago(either)
    store.set("one", {"person": bob.id})

    assert never is None and came and came > 1_700_000_000
    assert [(row.seen_at or 0) > 1 for row in directory.everyone(either)] == [True, False]


def test_when_somebody_was_seen_outlives_their_sessions(database: Database) -> None:
    bob = joined(database, "bob")
    come_in(database, SessionStore(database), bob.id, "one")

    roles.suspend(database, "command line", bob.id)

    assert directory.find(database, bob.id).seen_at and directory.find(database, bob.id).sessions == 0


def test_sessions_that_are_open_are_counted(database: Database) -> None:
    bob, cid, store = joined(database, "bob"), joined(database, "cid"), SessionStore(database)
    for number in range(3):
        come_in(database, store, bob.id, f"{number}")
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE sessions SET expires_at = 0 WHERE agent = 'a browser' AND rowid = 1")

    assert [directory.find(database, person.id).sessions for person in (bob, cid)] == [2, 0]


def test_guests_are_none_of_them(database: Database, person: int) -> None:
    joined(database, "bob")

    assert [row.email for row in directory.page(database)] == ["bob@example.org"]
    for find in (lambda: directory.find(database, person), lambda: directory.by_email(database, "ann@example.org")):
        with pytest.raises(NotFound):
            find()


def test_it_holds_no_password_and_nothing_that_was_said(database: Database) -> None:
    """ALLM 24-5213: an answer held the hash of a password."""
    bob = joined(database, "bob")
    with database.write() as connection:
        accounts.set_password(connection, bob.id, "a-hash")
    asked(database, bob.id, "a-secret")

    told = str([astuple(row) for row in [*directory.everyone(database), *directory.page(database)]])

    assert "a-hash" not in told and "a-secret" not in told
    assert directory.count_conversations(database, bob.id) == 1


def test_the_same_e_mail_is_added_once(either: Database) -> None:
    directory.add(either, "command line", "bob@example.org", "member", "Bob", None)

    with pytest.raises(EmailTaken, match="already has an account"):
        directory.add(either, "command line", "bob@example.org", "admin", "Bob", None)

    assert count(either, table) == 1
    assert directory.everyone(either)[0].role == "member"


def test_links_that_admins_make_for_themselves_and_each_other_at_once_are_all_made(either: Database) -> None:
    """Each transaction locks its admin and its target; in two orders they would deadlock."""
    ann, bob = joined(either, "ann", "admin"), joined(either, "bob", "admin")

    with ThreadPoolExecutor(4) as pool:
        pairs = [(ann, bob), (bob, ann), (ann, ann), (bob, bob)] * 10
        made = list(pool.map(lambda pair: directory.create_reset(either, pair[0], pair[1].id), pairs))

    assert len(set(made)) == 40
