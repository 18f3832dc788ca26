"""Test leases: which process may write a reply, for how long, and which one takes it when they expire."""

from __future__ import annotations

import threading

import pytest

from chat.conversations import Turn
from chat.storage import leases
from chat.storage.database import Database, clock
from chat.storage.leases import LEASE
from tests.replies.writing import change, expire, lease_left
from tests.turns import answered, asked, stored


@pytest.fixture
def turn(database: Database, person: int) -> Turn:
    """A turn whose reply is being written."""
    return asked(database, person)


def test_a_lease_is_put_off_while_its_writer_lives(database: Database, turn: Turn) -> None:
    change(database, turn.reply_id, lease_until=clock() - 3)

    with database.write() as connection:
        lost, stopped = leases.renew(connection, {turn.reply_id: turn.owner or ""})

    assert (lost, stopped) == (set(), set())
    assert lease_left(database, turn.reply_id) in {LEASE - 1, LEASE}


def test_a_renewal_tells_what_is_lost_and_what_to_stop(database: Database, person: int, turn: Turn) -> None:
    taken, done, asked_to_stop = asked(database, person), asked(database, person), asked(database, person)
    held = {each.reply_id: each.owner or "" for each in (turn, taken, done, asked_to_stop)}
    change(database, taken.reply_id, owner="another", lease_until=clock() + 100)
    answered(database, done)
    leases.ask_to_stop(database, asked_to_stop.reply_id)

    with database.write() as connection:
        lost, stopped = leases.renew(connection, held | {99: "me"})

    assert lost == {taken.reply_id, done.reply_id, 99}
    assert stopped == {asked_to_stop.reply_id}
    assert lease_left(database, taken.reply_id) > LEASE


def test_what_has_ended_is_not_asked_to_stop(database: Database, turn: Turn) -> None:
    answered(database, turn)

    leases.ask_to_stop(database, turn.reply_id)

    assert not stored(database, turn.reply_id).stop


def test_a_reply_with_a_lease_is_not_taken(database: Database, turn: Turn) -> None:
    assert leases.take_ownerless(database, "taker") == []
    assert stored(database, turn.reply_id).owner == turn.owner


def test_a_reply_that_has_ended_is_not_taken(database: Database, turn: Turn) -> None:
    answered(database, turn)
    change(database, turn.reply_id, lease_until=clock() - 100)

    assert leases.take_ownerless(database, "taker") == []


def test_a_reply_whose_lease_ran_out_is_taken_with_a_new_lease(database: Database, turn: Turn) -> None:
    change(database, turn.reply_id, lease_until=clock() - 1)

    [taken] = leases.take_ownerless(database, "taker")

    assert (taken.id, taken.attempts, taken.stop) == (turn.reply_id, 1, False)
    assert stored(database, turn.reply_id).owner == "taker"
    assert lease_left(database, turn.reply_id) in {LEASE - 1, LEASE}


def test_of_many_takers_one_wins(database: Database, person: int) -> None:
    turns = [asked(database, person) for _ in range(5)]
    for turn in turns:
        change(database, turn.reply_id, lease_until=clock() - 1)
    taken: list[int] = []

    def take(owner: str) -> None:
        taken.extend(row.id for row in leases.take_ownerless(database, owner))

    takers = [threading.Thread(target=take, args=(str(number),)) for number in range(8)]

    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join(20)

    assert sorted(taken) == [turn.reply_id for turn in turns]


def test_each_taking_is_counted(database: Database, turn: Turn) -> None:
    counted = []
    for _ in range(3):
        expire(database, turn.reply_id)
        counted += [row.attempts for row in leases.take_ownerless(database, "taker")]

    assert counted == [1, 2, 3]


def test_a_taker_is_told_that_a_stop_was_asked_for(database: Database, turn: Turn) -> None:
    leases.ask_to_stop(database, turn.reply_id)
    expire(database, turn.reply_id)

    [taken] = leases.take_ownerless(database, "taker")

    assert taken.stop


def test_what_is_let_go_of_can_be_taken_at_once(database: Database, person: int, turn: Turn) -> None:
    kept = asked(database, person)

    with database.write() as connection:
        leases.release(connection, {turn.reply_id: turn.owner or ""})

    assert [row.id for row in leases.take_ownerless(database, "taker")] == [turn.reply_id]
    assert stored(database, kept.reply_id).owner == kept.owner


def test_nobody_lets_go_of_what_is_anothers_or_over(database: Database, person: int, turn: Turn) -> None:
    done = answered(database, asked(database, person))

    with database.write() as connection:
        leases.release(connection, {turn.reply_id: "another", done.reply_id: done.owner or "", 99: "me"})

    assert stored(database, turn.reply_id).owner == turn.owner
    assert lease_left(database, turn.reply_id) > 0
    assert stored(database, done.reply_id).lease_until is None
