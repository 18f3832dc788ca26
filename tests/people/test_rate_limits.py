"""Test limits: counted in the transaction of the send, for each person and each address, and forgotten after a
minute."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import event, select, update

from chat import conversations
from chat.conversations import Draft, Turn
from chat.people import rate_limits
from chat.people.rate_limits import SOON, Asker, Limit
from chat.people.sliding_window import MINUTE, TooMany
from chat.replies import adoption
from chat.storage.database import Database, clock
from chat.storage.tables import conversations as conversation_table
from chat.storage.tables import people, replies, sends
from tests.turns import CHOICE, answered, count, guest, stored

HOME = rate_limits.address_digest("a secret", "192.0.2.7")


@pytest.fixture
def stopped_clock(database: Database) -> None:
    """Stop the database's clock, so that a slow test sees one moment."""
    with database.read() as connection:
        now = str(connection.execute(select(clock())).scalar_one())
    database.dispose()
    event.listen(
        database.engine, "connect", lambda connection, _: connection.create_function("strftime", 2, lambda *_: now)
    )


def ask(database: Database, asker: Asker, key: str | None = None) -> Turn:
    """Begin a conversation."""
    return conversations.ask(database, asker, None, Draft("Hello?", CHOICE, key))


def answer(database: Database, asker: Asker, state: str = "complete") -> Turn:
    """Begin a conversation whose answer has ended."""
    return answered(database, ask(database, asker), "So it ", state)


def let_go_by(database: Database, seconds: int) -> None:
    """Move all sends into the past."""
    with database.write() as connection:
        connection.execute(update(sends).values(at=sends.c.at - seconds))


def kept(database: Database) -> tuple[int, int, int]:
    """Count the rows that a refusal must not store."""
    return count(database, people), count(database, conversation_table), count(database, sends)


@pytest.mark.parametrize("most", [1, 3])
def test_a_person_has_so_many_answers_written_and_the_next_when_one_has_ended(
    database: Database, person: int, most: int
) -> None:
    asker = Asker(person, own=Limit(answers=most))
    turns = [ask(database, asker) for _ in range(most)]
    before = kept(database)

    with pytest.raises(TooMany, match=r"You already have .* in progress\. Wait .* stop") as refused:
        ask(database, asker)

    assert (refused.value.wait, kept(database)) == (SOON, before)
    answered(database, turns[0])
    assert ask(database, asker).owner


def test_one_persons_answers_are_no_matter_to_another(database: Database, person: int) -> None:
    ask(database, Asker(person, own=Limit(answers=1, sends=1)))

    assert ask(database, Asker(guest(database, "bob"), own=Limit(answers=1, sends=1))).owner


def test_an_address_has_so_many_answers_written_whoever_asks(database: Database) -> None:
    asker = Asker(None, address=HOME, shared=Limit(answers=2))
    turns = [ask(database, asker) for _ in range(2)]
    before = kept(database)

    with pytest.raises(TooMany, match="Too many answers are in progress on your network") as refused:
        ask(database, asker)

    assert (refused.value.wait, kept(database)) == (SOON, before)
    assert ask(database, replace(asker, address="another")).owner
    answered(database, turns[0])
    assert ask(database, asker).owner


def test_a_person_sends_so_much_a_minute_and_is_told_when_the_next_one_goes(
    database: Database, person: int, stopped_clock: None
) -> None:
    asker = Asker(person, own=Limit(sends=3))
    for _ in range(3):
        answer(database, asker)
        let_go_by(database, 10)
    before = kept(database)

    with pytest.raises(
        TooMany, match=r"You've reached the limit of 3 messages a minute\. Try again in \d+ second"
    ) as refused:
        ask(database, asker)

    # The first of them was 30 seconds ago; the clock drops fractions of a second.
    assert refused.value.wait == 31 and "in 31 seconds" in str(refused.value)
    assert kept(database) == before


def test_after_the_wait_one_more_goes_through_and_not_a_second_earlier(
    database: Database, person: int, stopped_clock: None
) -> None:
    asker = Asker(person, own=Limit(sends=2))
    answer(database, asker)
    let_go_by(database, 20)
    answer(database, asker)
    with pytest.raises(TooMany) as refused:
        ask(database, asker)

    let_go_by(database, refused.value.wait - 1)
    with pytest.raises(TooMany, match=r"in 1 second\.") as still_refused:
        ask(database, asker)
    let_go_by(database, 1)

    assert still_refused.value.wait == 1
    assert ask(database, asker).owner
    with pytest.raises(TooMany):
        ask(database, asker)


def test_an_address_sends_so_much_a_minute_however_many_guests_it_makes(database: Database) -> None:
    asker = Asker(None, address=HOME, own=Limit(sends=1), shared=Limit(sends=3))
    for _ in range(3):
        answer(database, asker)
    before = kept(database)

    with pytest.raises(TooMany, match="Your network has reached the limit of 3 messages a minute"):
        ask(database, asker)

    assert kept(database) == before
    assert ask(database, replace(asker, address="another")).owner


def test_what_is_deleted_was_sent_all_the_same(database: Database, person: int) -> None:
    asker = Asker(person, own=Limit(sends=1))
    conversations.delete(database, person, answer(database, asker).conversation_id)

    with pytest.raises(TooMany):
        ask(database, asker)


def test_a_limit_that_was_lowered_holds_for_what_was_sent_before(
    database: Database, person: int, stopped_clock: None
) -> None:
    for _ in range(5):
        answer(database, Asker(person, own=Limit(sends=5)))
        let_go_by(database, 1)

    with pytest.raises(TooMany) as refused:
        ask(database, Asker(person, own=Limit(sends=2)))

    assert refused.value.wait == MINUTE + 1 - 2  # until the last but one is older


def edit(database: Database, asker: Asker, turn: Turn) -> Turn:
    return conversations.edit(database, asker, turn.reply_id - 1, Draft("Edited?", CHOICE))


def try_again(database: Database, asker: Asker, turn: Turn) -> Turn:
    return conversations.try_again(database, asker, turn.reply_id, CHOICE)


def go_on(database: Database, asker: Asker, turn: Turn) -> Turn:
    return conversations.continue_reply(database, asker, turn.reply_id)


def send(database: Database, asker: Asker, turn: Turn) -> Turn:
    return conversations.ask(database, asker, turn.conversation_id, Draft("And?", CHOICE))


@pytest.mark.parametrize("way", [send, edit, try_again, go_on])
@pytest.mark.parametrize("own", [Limit(sends=2), Limit(answers=1)])
@pytest.mark.parametrize("of_person", [True, False], ids=["person", "address"])
def test_every_way_of_asking_counts_as_one(
    database: Database, person: int, way: Callable[..., Turn], own: Limit, of_person: bool
) -> None:
    asker = Asker(person, own=own) if of_person else Asker(person, address=HOME, shared=own)
    broken = answer(database, asker, "interrupted")

    way(database, asker, broken)

    with pytest.raises(TooMany):
        ask(database, asker)


@pytest.mark.parametrize("way", [send, edit, try_again, go_on])
@pytest.mark.parametrize("own", [Limit(sends=2), Limit(answers=1)])
def test_every_way_of_asking_is_refused_at_a_limit(
    database: Database, person: int, way: Callable[..., Turn], own: Limit
) -> None:
    asker = Asker(person, own=own)
    broken, _ = answer(database, asker, "interrupted"), ask(database, asker)
    before = stored(database, broken.reply_id), kept(database)

    with pytest.raises(TooMany):
        way(database, asker, broken)

    assert (stored(database, broken.reply_id), kept(database)) == before


def test_the_same_form_again_counts_once_and_is_never_refused(database: Database, person: int) -> None:
    asker = Asker(person, own=Limit(answers=1, sends=1))
    first = ask(database, asker, "k")

    again = ask(database, asker, "k")

    assert (again.reply_id, again.owner, count(database, sends)) == (first.reply_id, None, 1)


def test_a_form_that_was_refused_can_be_sent_later(database: Database, person: int) -> None:
    asker = Asker(person, own=Limit(answers=1))
    running = ask(database, asker)
    with pytest.raises(TooMany):
        ask(database, asker, "k")

    answered(database, running)

    assert ask(database, asker, "k").owner


def test_an_answer_that_another_worker_takes_up_is_no_send_and_still_one_answer(
    database: Database, person: int
) -> None:
    asker = Asker(person, address=HOME, own=Limit(answers=1, sends=9), shared=Limit(answers=1))
    turn = ask(database, asker)
    with database.write() as connection:
        connection.execute(update(replies).values(lease_until=0))

    adoption.adopt(database, lambda reply_id, owner: None)

    assert (stored(database, turn.reply_id).attempts, count(database, sends)) == (1, 1)
    for limited in (replace(asker, shared=Limit()), replace(asker, own=Limit())):
        with pytest.raises(TooMany):
            ask(database, limited)


def test_twenty_who_ask_at_once_are_let_through_to_the_last_one_and_no_further(database: Database, person: int) -> None:
    """LC 24-11171: a limit that is passed in parallel."""
    asker, let_through, refused = Asker(person, address=HOME, own=Limit(answers=7), shared=Limit(sends=9)), [], []

    def try_it() -> None:
        try:
            let_through.append(ask(database, asker))
        except TooMany as error:
            refused.append(error)

    askers = [threading.Thread(target=try_it) for _ in range(20)]
    for thread in askers:
        thread.start()
    for thread in askers:
        thread.join(20)

    assert (len(let_through), len(refused), count(database, sends)) == (7, 13, 7)


def test_what_was_sent_more_than_a_minute_ago_is_forgotten_by_the_next_send(database: Database, person: int) -> None:
    asker = Asker(person, address=HOME, own=Limit(sends=50))
    for _ in range(20):
        answer(database, asker)
    let_go_by(database, MINUTE + 1)

    ask(database, asker)

    assert count(database, sends) == 1


def test_an_address_is_forgotten_with_the_end_of_its_answer(database: Database, person: int) -> None:
    turn = ask(database, Asker(person, address=HOME, shared=Limit(answers=1)))
    before = stored(database, turn.reply_id).address

    answered(database, turn)

    assert (before, stored(database, turn.reply_id).address) == (HOME, None)


def test_without_limits_nothing_is_counted_and_not_one_statement_more_is_run(database: Database, person: int) -> None:
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))

    ask(database, Asker(person))
    unlimited = len(statements)
    ask(database, Asker(person, address=HOME, own=Limit(4, 20), shared=Limit(20, 100)))

    assert not any("sends" in statement for statement in statements[:unlimited])
    assert len(statements) - unlimited == unlimited + 3
    assert count(database, sends) == 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("192.0.2.7", "::ffff:192.0.2.7", True),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("192.0.2.7:51234", "192.0.2.7", True),
        ("192.0.2.7:51234", "192.0.2.8:51234", False),
        ("[2001:db8:1:2::9]:443", "2001:db8:1:2::1", True),
        ("[2001:db8:1:2::9]", "2001:db8:1:2::1", True),
        ("[2001:db8:1:2::9]:443", "[2001:db8:1:3::9]:443", False),
        ("[::ffff:192.0.2.7]:51234", "192.0.2.7", True),
        ("fe80::1%eth0", "fe80::2", True),
        ("[fe80::1%eth0]:443", "[fe80::1%eth1]:80", True),
        ("unknown:51234", "unknown", True),
        ("", None, True),
        ("a socket", "192.0.2.7", False),
        *((nonsense, "192.0.2.7", False) for nonsense in ("[", "]", ":", "[]:", "192.0.2.7:1:2", "[192.0.2.8", "é\0")),
    ],
)
def test_a_household_is_one_address(one: str, other: str | None, same: bool) -> None:
    assert (rate_limits.address_digest("a secret", one) == rate_limits.address_digest("a secret", other)) is same


def test_an_address_is_stored_under_a_name_that_only_the_key_can_make(database: Database, person: int) -> None:
    """OW 26-59224: a digest that anyone can recompute."""
    ask(database, Asker(person, address=HOME, shared=Limit(sends=1)))

    with database.read() as connection:
        told = connection.execute(select(sends.c.address)).scalar_one()
    assert "192.0.2.7" not in told
    assert told == HOME != rate_limits.address_digest("another secret", "192.0.2.7")
