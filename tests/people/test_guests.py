"""Test guests, and the race of a newcomer's double click."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import update

from chat import conversations, people
from chat.conversations import Draft, Turn, submission
from chat.people import guests, roles
from chat.people.accounts import LOCK_PERSON, start_login
from chat.people.rate_limits import Asker
from chat.storage import tables
from chat.storage.database import Database, NotFound, clock
from tests.team import account
from tests.turns import CHOICE, asked, count, guest


def make_older(database: Database, seconds: int) -> None:
    """Move everyone's creation into the past."""
    with database.write() as connection:
        connection.execute(update(tables.people).values(created_at=clock() - seconds))


def test_a_newcomer_becomes_a_guest(database: Database) -> None:
    ann, bob = guest(database, "ann"), guest(database, "bob")

    assert ann != bob
    assert count(database, tables.people) == 2


def test_the_same_form_names_the_same_guest(database: Database) -> None:
    first, second = guest(database, "ann"), guest(database, "ann")

    assert first == second
    assert count(database, tables.people) == 1


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
    assert count(database, tables.people) == 1


def test_a_guest_made_by_another_worker_at_the_same_moment_is_found(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, introduced, tries = guest(database, "ann"), submission.ensure_person, []

    def lose_the_race_once(connection, asker: Asker) -> Asker:
        tries.append(asker)
        if len(tries) == 1:
            connection.exec_driver_sql("INSERT INTO people (uid, created_at) VALUES ('ann', 0)")
        return introduced(connection, asker)

    monkeypatch.setattr(submission, "ensure_person", lose_the_race_once)
    turn = conversations.ask(database, Asker(None, "ann"), None, Draft("Hello?", CHOICE))

    assert (turn.person_id, len(tries)) == (known, 2)
    assert count(database, tables.people) == 1


def test_an_old_form_is_no_key_to_its_guest(database: Database) -> None:
    first = guest(database, "ann")

    make_older(database, guests.NEW_GUEST - 60)
    soon = guest(database, "ann")
    make_older(database, guests.NEW_GUEST)
    late = guest(database, "ann")

    assert soon == first
    assert late != first
    assert count(database, tables.people) == 2


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Run several functions at the same time; return each result, or its error."""
    with ThreadPoolExecutor(len(acts)) as pool:
        done = [pool.submit(act) for act in acts]
        return [future.exception(30) or future.result() for future in done]


def linger(patch: pytest.MonkeyPatch, owner: object, name: str) -> None:
    """Pause a transaction after a step, with its locks, so that others reach theirs."""
    step = getattr(owner, name)

    def lingers(*given: object) -> object:
        done = step(*given)
        time.sleep(0.3)
        return done

    patch.setattr(owner, name, lingers)


def test_two_tabs_that_take_each_others_guest_along_cross_without_a_deadlock(
    either: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["ann", "bob"]
    ids = [guest(either, name) for name in names]
    for person in ids:
        asked(either, person, f"From {person}")
    linger(monkeypatch, people, "lock_active")

    crossed = [Asker(person, name) for person, name in zip(ids, reversed(names), strict=True)]
    outcomes = at_once(*(partial(conversations.ask, either, asker, None, Draft("Hello?", CHOICE)) for asker in crossed))

    (turn,) = (outcome for outcome in outcomes if isinstance(outcome, Turn))
    assert [type(outcome) for outcome in outcomes if outcome is not turn] == [NotFound]
    titles = {row.title for row in conversations.listing(either, turn.person_id)}
    assert titles == {"Hello?", *(f"From {person}" for person in ids)} and count(either, tables.people) == 1


def test_who_signs_in_while_their_guest_is_taken_along_has_it_once(
    either: Database,
) -> None:
    ann, member = guest(either, "ann"), account(either)
    asked(either, ann, "Lost")
    held = threading.Event()

    def sign_in() -> int:
        with either.write() as connection:
            connection.execute(LOCK_PERSON, {"person": member})
            held.set()
            time.sleep(0.3)
            return start_login(connection, member, ann, None).id

    def send() -> Turn:
        assert either.is_sqlite or held.wait(20)
        return conversations.ask(either, Asker(member, "ann"), None, Draft("Hello?", CHOICE))

    signed_in, turn = at_once(sign_in, send)

    assert isinstance(turn, Turn) and turn.person_id == signed_in == member
    assert {row.title for row in conversations.listing(either, member)} == {"Lost", "Hello?"}


def test_who_was_suspended_takes_nobody_along(database: Database) -> None:
    member, ann = account(database), guest(database, "ann")
    asked(database, ann, "Lost")
    account(database, "eve@example.org", "admin")
    roles.suspend(database, "a test", member)

    with pytest.raises(NotFound):
        conversations.ask(database, Asker(member, "ann"), None, Draft("Hello?", CHOICE))

    assert [row.title for row in conversations.listing(database, ann)] == ["Lost"]
