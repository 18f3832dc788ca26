"""Test the store of sessions."""

from __future__ import annotations

import json
import threading

import pytest
from sqlalchemy import Table, delete, func, insert, select, update

from chat.config import Settings
from chat.config.durations import DAY
from chat.people import accounts as people_of_accounts
from chat.people import roles
from chat.people.sessions import SessionStore, digest
from chat.storage.database import Database, clock
from chat.storage.tables import people, sessions
from tests.team import account
from tests.turns import guest


@pytest.fixture
def store(database: Database) -> SessionStore:
    """A store without sessions."""
    return SessionStore(database)


def expire(database: Database) -> None:
    """Let all sessions expire."""
    with database.write() as connection:
        connection.execute(update(sessions).values(expires_at=clock() - 1))


def count(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(sessions)).scalar_one()


def test_a_sign_in_ends_after_the_longest_time_even_if_idle_sessions_live_longer(database: Database) -> None:
    store = SessionStore(database, Settings(session_idle_days=60, session_days=30))
    person = account(database)
    with database.write() as connection:
        store.move(connection, "before", "after", {"person": person}, "a browser")

    with database.read() as connection:
        begun, end = connection.execute(select(sessions.c.created_at, sessions.c.expires_at)).one()
    assert end - begun == 30 * DAY


def test_a_session_is_found_again(store: SessionStore) -> None:
    store.add("one", {"hour": 7})
    store.add("two", {"hour": 8})

    assert store.get("one") == {"hour": 7}
    assert store.get("two") == {"hour": 8}


def test_a_session_that_is_kept_again_replaces_itself(store: SessionStore, database: Database) -> None:
    store.add("one", {"hour": 7})
    store.set("one", {"hour": 7, "day": 1})

    assert store.get("one") == {"hour": 7, "day": 1}
    assert count(database) == 1


def test_an_unknown_session_is_none(store: SessionStore) -> None:
    assert store.get("nobody") is None
    assert store.delete("nobody") is False


def test_a_dropped_session_is_gone(store: SessionStore) -> None:
    store.add("one", {"hour": 7})

    assert store.delete("one") is True
    assert store.get("one") is None


def test_a_session_ends_when_its_time_has_run_out(store: SessionStore, database: Database) -> None:
    store.add("one", {"hour": 7})

    expire(database)

    assert store.get("one") is None


def test_what_has_expired_is_swept_with_the_next_session(store: SessionStore, database: Database) -> None:
    store.add("one", {"hour": 7})
    expire(database)

    store.add("two", {"hour": 8})

    assert count(database) == 1


def begin(store: SessionStore, person: int, name: str) -> None:
    """Begin a session of a user who signs in."""
    with store.database.write() as connection:
        store.move(connection, "none", name, {"person": person}, "A browser")


def seen(database: Database, name: str, ago: int) -> None:
    """Move a session's last visit some seconds into the past."""
    with database.write() as connection:
        connection.execute(update(sessions).where(sessions.c.id == digest(name)).values(seen_at=clock() - ago))


def test_somebody_has_fifty_sessions_and_the_one_seen_longest_ago_makes_room(
    store: SessionStore, database: Database
) -> None:
    ann, bob = account(database), account(database, "bob@example.org")
    begin(store, bob, "bob")
    seen(database, "bob", 90_000)
    for number in range(50):
        begin(store, ann, f"ann {number}")
        seen(database, f"ann {number}", 60 if number in {20, 30} else 5)

    begin(store, ann, "another")
    begin(store, ann, "and another")

    gone = [name for name in (f"ann {number}" for number in range(50)) if store.get(name) is None]
    assert gone == ["ann 20", "ann 30"]
    assert store.get("another") and store.get("and another") and store.get("bob")
    assert len(store.of_person(ann)) == 50


def test_a_session_that_has_expired_is_none_of_the_fifty(store: SessionStore, database: Database) -> None:
    ann = account(database)
    begin(store, ann, "old")
    expire(database)
    for number in range(50):
        begin(store, ann, f"ann {number}")

    assert len(store.of_person(ann)) == count(database) == 50


def test_the_table_opens_no_session_to_its_reader(store: SessionStore, database: Database) -> None:
    store.add("session:a-secret-id", {"hour": 7})

    with database.read() as connection:
        row = connection.execute(select(sessions)).one()

    assert "a-secret-id" not in repr(row)
    assert json.loads(row.data) == {"hour": 7}
    assert store.get(row.id) is None


def test_no_member_is_known_by_a_session_that_says_so_alone(store: SessionStore, database: Database) -> None:
    member = account(database)
    row = {"id": digest("one"), "data": json.dumps({"person": member}), "expires_at": clock() + 60}
    with database.write() as connection:
        connection.execute(insert(sessions).values(row))

    assert store.find("one") is None


@pytest.mark.parametrize(
    ("table", "change"),
    [(sessions, {"expires_at": clock()}), (sessions, {"expires_at": 0}), (people, {"suspended_at": 1})],
    ids=["its time runs out", "it ran out long ago", "its person is suspended"],
)
def test_a_session_has_ended_where_it_opens_nothing_any_more(
    either: Database, table: Table, change: dict[str, object]
) -> None:
    store = SessionStore(either)
    begin(store, account(either), "one")
    before = store.find_ended([digest("one"), digest("two")])

    with either.write() as connection:
        connection.execute(update(table).values(change))

    assert before == {digest("two")} and store.find("one") is None
    assert store.find_ended([digest("one"), digest("two")]) == {digest("one"), digest("two")}


@pytest.mark.parametrize("end", ["removed", "another role", "signed out", "merged"])
def test_a_session_has_ended_with_what_it_stood_for(either: Database, end: str) -> None:
    store, ann, bob = SessionStore(either), account(either), guest(either, "bob")
    begin(store, ann, "one")
    store.add("guest", {"person": bob})

    if end == "merged":
        with either.write() as connection:
            people_of_accounts.start_login(connection, ann, bob, None)
    elif end == "signed out":
        store.delete("one")
    else:
        account(either, "eve@example.org", "admin")
        roles.remove(either, "a test", ann) if end == "removed" else roles.change(either, "a test", ann, "admin")

    assert store.find_ended([digest("one"), digest("guest")]) == {digest("guest" if end == "merged" else "one")}


def test_of_any_number_of_sessions_those_that_ended_are_told(either: Database) -> None:
    store = SessionStore(either)
    store.add("one", {})
    names = {digest(str(number)) for number in range(70_000)}

    assert store.find_ended(names | {digest("one")}) == names and store.find_ended([]) == set()
    assert store.set("one", {"a": 1}) and not store.set("two", {})


def test_a_guests_first_return_is_noted(either: Database) -> None:
    store = SessionStore(either)
    store.add("guest", {"person": guest(either, "ann")})
    store.add("member", {"person": account(either)})

    idle = [store.find("guest"), store.find("guest"), store.find("member")]

    assert [row.idle is None for row in idle if row] == [True, False, False]


def test_a_guest_comes_back_while_another_writes(store: SessionStore, database: Database) -> None:
    store.add("guest", {"person": guest(database, "ann")})

    with database.write():
        first, second = store.find("guest"), store.find("guest")
    store.find("guest")
    last = store.find("guest")

    assert first and second and second.idle is None
    assert last and last.idle is not None


def test_a_session_of_a_guest_who_goes_at_that_moment_opens_nothing(either: Database) -> None:
    store, leaver = SessionStore(either), guest(either, "ann")
    adding = threading.Thread(target=store.add, args=("a key", {"person": leaver}))

    with either.write() as connection:
        connection.execute(delete(people))
        adding.start()
        adding.join(0.2)
        waits = adding.is_alive()
    adding.join()

    assert waits and store.find("a key") is None
