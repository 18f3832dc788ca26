"""Test Continue: a reply that broke off goes on in its place."""

from __future__ import annotations

import threading

import pytest

from chat import conversations
from chat.conversations import NothingToContinue, StillAnswering, Turn
from chat.people.rate_limits import Asker
from chat.replies import Replies
from chat.storage.database import Database, NotFound
from chat.storage.leases import LEASE
from chat.storage.tables import messages, pieces
from tests.replies.writing import change, finished, followed, lease_left, numbered_pieces
from tests.scripted import Gate, Scripted
from tests.turns import CHOICE, answered, asked, count, guest, stored


@pytest.fixture
def broken(database: Database, person: int) -> Turn:
    """A turn whose reply broke off."""
    turn = answered(database, asked(database, person), "So it ", "interrupted")
    change(database, turn.reply_id, error="It broke off.", attempts=2, stop=True)
    return turn


def test_a_reply_that_broke_off_is_given_back_to_be_written(database: Database, person: int, broken: Turn) -> None:
    turn = conversations.continue_reply(database, Asker(person), broken.reply_id)

    reply = stored(database, broken.reply_id)
    assert (turn.conversation_id, turn.reply_id) == (broken.conversation_id, broken.reply_id)
    assert turn.owner and (reply.state, reply.owner) == ("generating", turn.owner)
    assert (reply.error, reply.finish_reason, reply.ended_at) == (None, None, None)
    assert (reply.attempts, reply.stop, reply.continued) == (0, False, 1)
    assert lease_left(database, turn.reply_id) in {LEASE - 1, LEASE}


def test_its_text_becomes_the_first_piece_of_the_log(database: Database, person: int, broken: Turn) -> None:
    conversations.continue_reply(database, Asker(person), broken.reply_id)

    assert numbered_pieces(database, broken.reply_id) == [(0, "So it ")]
    assert (stored(database, broken.reply_id).text, stored(database, broken.reply_id).html) == ("", None)
    assert count(database, messages) == 2


def test_it_is_written_on_in_the_same_message_from_its_last_word(
    database: Database, person: int, replies: Replies, provider: Scripted, broken: Turn
) -> None:
    gate = Gate()
    provider.will_say("goes", gate, ".")

    turn = conversations.continue_reply(database, Asker(person), broken.reply_id)
    replies.start(turn)
    follower = replies.follow(turn.reply_id)
    said = followed(follower, until="So it goes")
    gate.open()
    finished(replies, turn)

    reply = stored(database, broken.reply_id)
    assert said == "So it goes"
    assert (reply.state, reply.text, reply.error) == ("complete", "So it goes.", None)
    assert provider.calls[0].messages[1] == {"role": "assistant", "content": "So it "}
    assert (count(database, messages), count(database, pieces)) == (2, 0)


@pytest.mark.parametrize(
    ("state", "finish_reason"),
    [("interrupted", None), ("stopped", None), ("failed", None), ("complete", "length")],
)
def test_what_was_cut_or_stopped_can_be_continued(
    state: str, finish_reason: str | None, database: Database, person: int
) -> None:
    turn = answered(database, asked(database, person), "So it ", state)
    change(database, turn.reply_id, finish_reason=finish_reason)

    assert conversations.continue_reply(database, Asker(person), turn.reply_id).owner


def test_it_can_be_continued_again_and_again(
    database: Database, person: int, replies: Replies, provider: Scripted, broken: Turn
) -> None:
    for text in ("goes ", "on ", "and on."):
        provider.will_say(text, finish_reason="length")
        turn = conversations.continue_reply(database, Asker(person), broken.reply_id)
        replies.start(turn)
        finished(replies, turn)

    assert stored(database, broken.reply_id).text == "So it goes on and on."


@pytest.mark.parametrize(
    ("text", "state"), [("So it goes.", "complete"), ("", "stopped"), (" \n", "interrupted"), ("", "failed")]
)
def test_what_is_whole_or_has_no_word_can_not_be_continued(
    text: str, state: str, database: Database, person: int
) -> None:
    turn = answered(database, asked(database, person), text, state)

    with pytest.raises(NothingToContinue, match="can't be continued"):
        conversations.continue_reply(database, Asker(person), turn.reply_id)

    assert (stored(database, turn.reply_id).state, stored(database, turn.reply_id).text) == (state, text)


def test_what_was_gone_on_from_can_not_be_continued(database: Database, person: int, broken: Turn) -> None:
    answered(database, asked(database, person, "And?", broken.conversation_id))

    with pytest.raises(NothingToContinue):
        conversations.continue_reply(database, Asker(person), broken.reply_id)

    assert stored(database, broken.reply_id).state == "interrupted"


def test_what_is_being_written_can_not_be_continued(database: Database, person: int) -> None:
    turn = asked(database, person)

    with pytest.raises(StillAnswering, match="still being written"):
        conversations.continue_reply(database, Asker(person), turn.reply_id)

    assert stored(database, turn.reply_id).owner == turn.owner


@pytest.mark.parametrize("stranger", ["eve", None])
def test_somebody_elses_reply_is_not_found_and_not_touched(
    stranger: str | None, database: Database, broken: Turn
) -> None:
    who = guest(database, stranger) if stranger else None

    with pytest.raises(NotFound):
        conversations.continue_reply(database, Asker(who), broken.reply_id)

    assert (stored(database, broken.reply_id).state, stored(database, broken.reply_id).text) == (
        "interrupted",
        "So it ",
    )


@pytest.mark.parametrize("which", [0, 99])
def test_what_is_no_reply_is_not_found(which: int, database: Database, person: int, broken: Turn) -> None:
    question = broken.reply_id - 1

    with pytest.raises(NotFound):
        conversations.continue_reply(database, Asker(person), which or question)


def test_of_many_at_once_one_continues(database: Database, person: int, broken: Turn) -> None:
    owners: list[str | None] = []
    refused: list[StillAnswering] = []

    def go_on() -> None:
        try:
            owners.append(conversations.continue_reply(database, Asker(person), broken.reply_id).owner)
        except StillAnswering as error:
            refused.append(error)

    threads = [threading.Thread(target=go_on) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert (len(owners), len(refused)) == (1, 7)
    assert stored(database, broken.reply_id).owner == owners[0]
    assert numbered_pieces(database, broken.reply_id) == [(0, "So it ")]


def test_a_sibling_of_it_does_not_keep_it_from_going_on(database: Database, person: int, broken: Turn) -> None:
    answered(database, conversations.try_again(database, Asker(person), broken.reply_id, CHOICE))

    assert conversations.continue_reply(database, Asker(person), broken.reply_id).owner
