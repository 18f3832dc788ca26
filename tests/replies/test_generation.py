"""Test a generation: how a provider's behaviour becomes the state of a reply."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest

from chat import conversations
from chat.conversations import Ancestry, Message, Turn
from chat.conversations.ancestry import Ancestor
from chat.people.rate_limits import Asker
from chat.providers.answer import CreateResult
from chat.providers.errors import Interrupted, RateLimited
from chat.providers.finish_reasons import CUT_OFF, EMPTY
from chat.replies import Replies, generation
from chat.replies.log import clean
from chat.replies.outcome import BROKEN
from chat.storage.database import Database, DatabaseAway
from tests.replies.writing import change, finished, resume, say
from tests.scripted import Gate, Scripted, Thought
from tests.turns import answered, asked, eventually, stored

TOO_MANY = "The model is busy. Wait a moment and try again."
BROKE_OFF = "The answer broke off here."


@pytest.fixture
def turn(database: Database, person: int) -> Turn:
    """A turn that waits for its answer."""
    return asked(database, person, "Tell me a secret word.")


@pytest.fixture
def answer(database: Database, replies: Replies, provider: Scripted, turn: Turn):
    """Let the provider answer the turn; return the stored reply."""

    def run(turn: Turn = turn, model: str = "small", begun: bool = False):
        change(database, turn.reply_id, model=model)
        resume(replies, turn) if begun else replies.start(turn)
        eventually(lambda: replies.writer.find(turn.reply_id) is None)
        return stored(database, turn.reply_id)

    return run


def test_an_answer_is_kept_with_what_is_known_of_it(answer, provider: Scripted) -> None:
    provider.will_say("So ", "it *goes*.")

    reply = answer()

    assert (reply.state, reply.text, reply.error) == ("complete", "So it *goes*.", None)
    assert "<em>goes</em>" in reply.html
    assert (reply.finish_reason, reply.prompt_tokens, reply.completion_tokens) == ("stop", 7, 11)


def test_the_provider_reads_the_conversation_to_its_last_question(
    answer, database: Database, provider: Scripted, person: int, turn: Turn
) -> None:
    answered(database, turn, "Plover.")
    provider.will_say("Plugh.")

    answer(asked(database, person, "Another?", turn.conversation_id))

    [call] = provider.calls
    assert call.model == "small"
    assert call.messages == [
        {"role": "user", "content": "Tell me a secret word."},
        {"role": "assistant", "content": "Plover."},
        {"role": "user", "content": "Another?"},
    ]


def test_what_does_not_fit_the_models_window_is_left_out_and_counted(
    answer, database: Database, provider: Scripted, person: int, turn: Turn
) -> None:
    answered(database, turn, "long " * 1000)

    reply = answer(asked(database, person, "And?", turn.conversation_id))

    assert provider.calls[0].messages == [{"role": "user", "content": "And?"}]
    assert reply.left_out == 2


def test_a_model_of_unknown_window_reads_everything(
    answer, database: Database, provider: Scripted, person: int, turn: Turn
) -> None:
    answered(database, turn, "long " * 1000)

    reply = answer(asked(database, person, "And?", turn.conversation_id), model="large")

    assert len(provider.calls[0].messages) == 3
    assert reply.left_out == 0


def test_a_database_that_is_away_while_the_reply_is_read_is_waited_for(
    answer, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, outages = conversations.read_message, [DatabaseAway()]

    def fail_once(database: Database, reply_id: int) -> Message | None:
        if outages:
            raise outages.pop()
        return read(database, reply_id)

    monkeypatch.setattr(generation, "read_message", fail_once)
    provider.will_say("Here.")

    reply = answer()

    assert (reply.state, reply.text, outages) == ("complete", "Here.", [])


def test_a_reply_that_can_not_be_read_ends_in_a_sentence(
    answer, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generation, "read_message", lambda *_: 1 / 0)

    reply = answer()

    assert (reply.state, reply.error, provider.calls) == ("failed", BROKEN, [])


def test_a_database_that_is_away_while_the_conversation_is_read_is_waited_for(
    answer, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, outages = Ancestry.__iter__, [DatabaseAway()]

    def read_later(self: Ancestry) -> Iterator[Ancestor]:
        if outages:
            raise outages.pop()
        return read(self)

    monkeypatch.setattr(Ancestry, "__iter__", read_later)
    provider.will_say("Plover.")

    reply = answer()

    assert (reply.state, reply.text, outages) == ("complete", "Plover.", [])
    assert provider.calls[0].messages == [{"role": "user", "content": "Tell me a secret word."}]


def test_an_error_before_the_first_word_fails_the_reply(answer, provider: Scripted) -> None:
    provider.will_say(RateLimited(TOO_MANY))

    reply = answer()

    assert (reply.state, reply.text, reply.error) == ("failed", "", TOO_MANY)


def test_a_reply_that_breaks_off_keeps_what_was_said(answer, provider: Scripted) -> None:
    provider.will_say("So it ", Interrupted(BROKE_OFF))

    reply = answer()

    assert (reply.state, reply.text, reply.error) == ("interrupted", "So it ", BROKE_OFF)


@pytest.mark.parametrize("script", [(), ("",), ("\0",), (" \n",)])
def test_an_answer_without_words_fails(answer, provider: Scripted, script: tuple[str, ...]) -> None:
    provider.will_say(*script)

    reply = answer()

    assert (reply.state, reply.error) == ("failed", EMPTY)


def test_an_answer_that_reached_its_length_is_complete_and_says_so(answer, provider: Scripted) -> None:
    provider.will_say("So it", finish_reason="length")

    reply = answer()

    assert (reply.state, reply.finish_reason, reply.error) == ("complete", "length", CUT_OFF)


def test_a_bug_fails_the_reply_and_the_log_says_where_but_not_what_was_said(
    answer, provider: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    provider.will_say(RuntimeError("can't parse 'xyzzy'"))

    with caplog.at_level(logging.DEBUG):
        reply = answer()

    assert (reply.state, reply.error) == ("failed", BROKEN)
    assert "RuntimeError" in caplog.text and "scripted.py" in caplog.text
    assert "xyzzy" not in caplog.text and "secret word" not in caplog.text


def test_a_bug_in_mid_answer_keeps_what_was_said(answer, provider: Scripted) -> None:
    provider.will_say("So it ", ZeroDivisionError())

    reply = answer()

    assert (reply.state, reply.text, reply.error) == ("interrupted", "So it ", BROKEN)


def test_no_word_of_a_conversation_stands_in_a_log(
    answer, provider: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    provider.will_say("The word is plugh. ", Interrupted(BROKE_OFF))

    with caplog.at_level(logging.DEBUG):
        answer()

    assert "secret word" not in caplog.text and "plugh" not in caplog.text


def test_a_provider_that_refuses_its_arguments_fails_the_reply(
    answer, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> CreateResult:
        raise ValueError("unsupported model")

    monkeypatch.setattr(provider, "create_completion", refuse)

    reply = answer()

    assert (reply.state, reply.error) == ("failed", BROKEN)


def test_a_usage_of_more_than_we_keep_does_no_harm(answer, provider: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    result = CreateResult("small", ["So."])
    result.usage = {"prompt_tokens": 1, "total_tokens": 3}
    monkeypatch.setattr(provider, "create_completion", lambda *_, **__: result)

    reply = answer()

    assert (reply.state, reply.prompt_tokens, reply.completion_tokens) == ("complete", 1, None)


def test_what_no_database_takes_is_cleaned_from_an_answer(answer, provider: Scripted) -> None:
    provider.will_say("a\0b", "\ud800", "c\udfff 🌊")

    reply = answer()

    assert (reply.state, reply.text) == ("complete", "ab?c? 🌊")


def test_what_no_database_takes_is_cleaned_from_a_sentence(answer, provider: Scripted) -> None:
    provider.will_say(RateLimited("The server said: \0\ud800"))

    reply = answer()

    assert (reply.state, reply.error) == ("failed", "The server said: ?")


@pytest.mark.parametrize("text", ["", "Grüße", "日本", "🌊", "a\nb\tc", "\u2028\ufeff"])
def test_text_that_can_be_stored_is_left_as_it_is(text: str) -> None:
    assert clean(text) == text


def test_a_stop_before_the_first_word_leaves_an_empty_reply(
    database: Database, replies: Replies, provider: Scripted, turn: Turn
) -> None:
    gate = Gate()
    provider.will_say(gate, "Too late.")
    replies.start(turn)
    gate.wait_until_reached()

    replies.stop(turn.reply_id)
    eventually(lambda: stored(database, turn.reply_id).state != "generating")

    reply = stored(database, turn.reply_id)
    assert (reply.state, reply.text, reply.error) == ("stopped", "", None)
    assert provider.sayings[0].cancelled.is_set()


def test_a_stop_in_mid_answer_keeps_what_was_said(
    database: Database, replies: Replies, provider: Scripted, turn: Turn
) -> None:
    gate = Gate()
    provider.will_say("So it ", gate, "goes.")
    replies.start(turn)
    gate.wait_until_reached()

    replies.stop(turn.reply_id)
    eventually(lambda: stored(database, turn.reply_id).state != "generating")

    reply = stored(database, turn.reply_id)
    assert (reply.state, reply.text, reply.error) == ("stopped", "So it ", None)
    assert provider.sayings[0].cancelled.is_set()


class Torn(CreateResult):
    """A result whose reading breaks when it is closed."""

    def __init__(self) -> None:
        super().__init__("small")
        self.torn = threading.Event()

    def pieces(self) -> Iterator[str]:
        yield "So it "
        assert self.torn.wait(20)
        raise OSError("the line is dead")

    def close(self) -> None:
        self.torn.set()


def test_an_error_after_a_stop_is_no_error(
    database: Database, replies: Replies, provider: Scripted, turn: Turn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "create_completion", lambda *_, **__: Torn())
    replies.start(turn)
    eventually(lambda: replies.so_far(turn.reply_id) == "So it ")

    replies.stop(turn.reply_id)
    eventually(lambda: stored(database, turn.reply_id).state != "generating")

    reply = stored(database, turn.reply_id)
    assert (reply.state, reply.text, reply.error) == ("stopped", "So it ", None)


def test_what_was_said_stays_beside_its_question_in_the_smallest_window(
    answer, database: Database, provider: Scripted, person: int, turn: Turn
) -> None:
    answered(database, turn, "Plover.")
    again = asked(database, person, "Tell me all of it. " * 300, turn.conversation_id)
    say(database, again, 0, "Once upon a time. " * 300)
    provider.will_say("The end.")

    reply = answer(again, begun=True)

    question, said, demand = provider.calls[0].messages
    assert question == {"role": "user", "content": "Tell me all of it. " * 300}
    assert said["role"] == "assistant" and reply.text == "Once upon a time. " * 300 + "The end."
    assert ("Once upon a time. " * 300).endswith(said["content"]) and len(said["content"]) == 875
    assert demand["role"] == "user" and reply.left_out == 2


def test_a_reply_of_which_only_space_was_said_is_asked_for_anew(
    answer, database: Database, provider: Scripted, turn: Turn
) -> None:
    say(database, turn, 0, " \n")
    provider.will_say("Plugh.")

    reply = answer(begun=True)

    assert provider.calls[0].messages == [{"role": "user", "content": "Tell me a secret word."}]
    assert (reply.state, reply.text) == ("complete", " \nPlugh.")


def test_a_model_that_has_no_more_to_say_completes_what_was_said(
    answer, database: Database, provider: Scripted, turn: Turn
) -> None:
    say(database, turn, 0, "Plugh.")
    provider.will_say()

    reply = answer(begun=True)

    assert (reply.state, reply.text, reply.error) == ("complete", "Plugh.", None)


def test_what_was_thought_is_kept_beside_the_answer(answer, provider: Scripted) -> None:
    provider.will_say(Thought("Let me\0 "), Thought("see."), "So.")

    reply = answer()

    assert (reply.state, reply.text, reply.reasoning) == ("complete", "So.", "Let me see.")
    assert reply.reasoning_ms is not None and reply.first_word_ms is not None and reply.duration_ms is not None


def test_what_is_thought_is_stored_while_the_model_thinks_and_kept_if_a_reader_stops_it(
    replies: Replies, database: Database, provider: Scripted, turn: Turn
) -> None:
    provider.will_say(Thought("Let me\0 "), Thought("see."), Gate(), "So.")
    replies.start(turn)
    eventually(lambda: replies.reasoning_so_far(turn.reply_id) == "Let me see.")

    replies.stop(turn.reply_id)
    finished(replies, turn)

    reply = stored(database, turn.reply_id)
    assert (reply.state, reply.text, reply.reasoning) == ("stopped", "", "Let me see.")
    assert reply.reasoning_ms is not None and replies.reasoning_so_far(turn.reply_id) == ""


def test_an_answer_without_thoughts_has_none(answer, provider: Scripted) -> None:
    provider.will_say("So.")

    reply = answer()

    assert (reply.reasoning, reply.reasoning_ms) == (None, None)


def test_thoughts_without_a_word_are_an_empty_answer_and_kept(answer, provider: Scripted) -> None:
    provider.will_say(Thought("Hm."))

    reply = answer()

    assert (reply.state, reply.error, reply.text, reply.reasoning) == ("failed", EMPTY, "", "Hm.")


def test_thoughts_are_not_sent_to_the_model_again(
    answer, database: Database, provider: Scripted, person: int, turn: Turn
) -> None:
    provider.will_say(Thought("A secret thought."), "So.")
    answer()

    answer(asked(database, person, "And?", turn.conversation_id))

    assert [message["content"] for message in provider.calls[1].messages] == ["Tell me a secret word.", "So.", "And?"]


def test_what_is_thought_when_an_answer_is_continued_comes_after_what_was_thought_before(
    answer, database: Database, provider: Scripted, person: int, turn: Turn
) -> None:
    provider.will_say(Thought("One."), "So ", Interrupted(BROKE_OFF))
    provider.will_say(Thought("Two."), "it goes.")
    first = answer()

    reply = answer(conversations.continue_reply(database, Asker(person), turn.reply_id))

    assert (reply.text, reply.reasoning) == ("So it goes.", "One.\n\nTwo.")
    assert reply.first_word_ms == first.first_word_ms and reply.duration_ms >= first.duration_ms


def test_a_continued_answer_keeps_what_was_thought_where_nothing_is_added(
    answer, database: Database, provider: Scripted, person: int, turn: Turn
) -> None:
    provider.will_say(Thought("One."), "So ", Interrupted(BROKE_OFF))
    provider.will_say("it goes.")
    answer()

    assert answer(conversations.continue_reply(database, Asker(person), turn.reply_id)).reasoning == "One."
