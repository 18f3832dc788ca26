"""Test servers' answers, from their bytes to the stored message and the next request."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat.conversations import Turn
from chat.metrics import Metrics
from chat.providers.base import Timeouts
from chat.providers.openai import OpenAICompatible
from chat.replies import Replies
from chat.storage.database import Database
from tests.providers.server import Script, Server, delta, sse, whole
from tests.replies.writing import change
from tests.turns import answered, asked, eventually, stored

QUICK = Timeouts(connect=2, first_byte=5, read=5, total=20)
ROLE = {"choices": [{"index": 0, "delta": {"role": "assistant"}, "finish_reason": None}]}
HELLO = sse(ROLE, delta("Hello."), delta(None, "stop"), "[DONE]")


@pytest.fixture(autouse=True)
def asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.providers.http.client.PAUSES", ())


@pytest.fixture
def talk(database: Database, person: int):
    """Ask servers that answer with scripts, one question after the other; return the stored replies and the
    requests."""

    def run(*scripts: Script, questions: tuple[str, ...] = ("one",), turn: Turn | None = None):
        with Server(*scripts) as server:
            provider = OpenAICompatible(f"{server.url}/v1", timeouts=QUICK, model="a-model")
            replies = Replies(database, {"scripted": provider}, Metrics())
            for question in questions:
                turn = asked(database, person, question, turn.conversation_id if turn else None)
                change(database, turn.reply_id, model="a-model")
                replies.start(turn)
                eventually(lambda id=turn.reply_id: replies.writer.find(id) is None)  # type: ignore[misc]
            posts = [request for request in server.requests if request.startswith(b"POST")]
        assert turn
        return stored(database, turn.reply_id), [json.loads(post.partition(b"\r\n\r\n")[2]) for post in posts]

    return run


def posted(*scripts: Script) -> list[Script]:
    """Put the list of models, which is asked for first, before the scripts."""
    return [whole("404 Not Found", ""), *scripts]


def roles(body: dict[str, Any]) -> list[str]:
    return [message["role"] for message in body["messages"]]


# Roles


@pytest.mark.parametrize(
    "broken", [whole("500 Oops", ""), whole("400 Bad", '{"error": "No."}'), sse(ROLE, delta(None, "stop"), "[DONE]")]
)
def test_roles_alternate_after_a_question_that_got_no_answer(talk, broken: Script) -> None:
    reply, bodies = talk(*posted(broken, HELLO, HELLO), questions=("one", "two", "three"))

    assert reply.text == "Hello."
    assert bodies[1]["messages"] == [{"role": "user", "content": "one\n\ntwo"}]
    assert roles(bodies[2]) == ["user", "assistant", "user"]


# Reasoning


def test_a_thought_in_tags_is_stored_beside_the_text_and_never_sent_again(talk) -> None:
    thinking = sse(ROLE, delta("<thi"), delta("nk>Hm.</thin"), delta("k>\n\nAnswer."), delta(None, "stop"), "[DONE]")

    first, _ = talk(*posted(thinking))
    _, bodies = talk(*posted(HELLO), questions=("two",), turn=Turn(1, 2, None, 1))

    assert (first.text, first.reasoning, first.state) == ("Answer.", "Hm.", "complete")
    assert "think" not in first.html and first.reasoning_ms is not None
    assert "Hm." not in json.dumps(bodies) and "think" not in json.dumps(bodies)


def test_words_before_a_closing_tag_alone_become_a_thought(talk) -> None:
    thinking = sse(ROLE, delta("Hm, "), delta("so.\n"), delta("</think>"), delta("\n\nAnswer."), delta(None, "stop"))

    reply, _ = talk(*posted(thinking))

    assert (reply.text, reply.reasoning, reply.state) == ("Answer.", "Hm, so.\n", "complete")
    assert reply.html == '<p dir="auto">Answer.</p>' and reply.reasoning_ms is not None


def test_a_thought_that_an_older_version_stored_in_an_answer_is_not_sent_again(
    talk, database: Database, person: int
) -> None:
    turn = answered(database, asked(database, person, "one"), "<think>Hm.</think>\nAnswer.")

    _, bodies = talk(*posted(HELLO), questions=("two",), turn=turn)

    assert bodies[0]["messages"][1] == {"role": "assistant", "content": "Answer."}


# Ends


@pytest.mark.parametrize(
    ("reason", "state", "says"),
    [
        ("content_filter", "complete", "content filter cut off"),
        ("insufficient_system_resource", "interrupted", "ended the answer early"),
        ("MAX_TOKENS", "complete", "length limit"),
        ("tool_calls", "complete", "tried to use a tool"),
    ],
)
def test_an_end_after_text_says_why(talk, reason: str, state: str, says: str) -> None:
    reply, _ = talk(*posted(sse(ROLE, delta("Hel"), delta(None, reason), "[DONE]")))

    assert (reply.text, reply.state) == ("Hel", state)
    assert says in reply.error
    assert reply.finish_reason == ("length" if reason == "MAX_TOKENS" else reason)  # so Continue is offered


@pytest.mark.parametrize(
    ("events", "says"),
    [
        ((delta(None, reasoning_content="Hm."), delta(None, "length")), "while reasoning"),
        ((delta(None, "content_filter"),), "blocked the answer"),
        ((delta(None, tool_calls=[{"index": 0}]), delta(None, "tool_calls")), "tried to use a tool"),
        ((delta([{"type": "image_url"}]), delta(None, "stop")), "image_url"),
    ],
)
def test_an_end_without_text_says_why(talk, events: tuple[Any, ...], says: str) -> None:
    reply, _ = talk(*posted(sse(ROLE, *events, "[DONE]")))

    assert (reply.text, reply.state) == ("", "failed")
    assert says in reply.error


def test_the_words_of_a_refusal_are_the_answer(talk) -> None:
    reply, _ = talk(*posted(sse(ROLE, delta(None, refusal="I can't help."), delta(None, "stop"), "[DONE]")))

    assert (reply.text, reply.state) == ("I can't help.", "complete")


# Too long


def refusal(words: str, **more: Any) -> Script:
    return whole("400 Bad Request", json.dumps({"error": {"message": words, **more}}))


def long_talk(database: Database, person: int, text: str, turns: int = 5) -> Turn:
    """Store a conversation of some turns, each of two messages of that text."""
    turn = answered(database, asked(database, person, text), text)
    for _ in range(turns - 1):
        turn = answered(database, asked(database, person, text, turn.conversation_id), text)
    return turn


def test_the_number_that_a_refusal_tells_fits_this_request_and_the_next(talk, database: Database, person: int) -> None:
    told = refusal("the request exceeds the available context size", n_ctx=8192, type="exceed_context_size_error")
    turn = long_talk(database, person, "word " * 1400)  # about 2,000 tokens each

    reply, bodies = talk(*posted(told, HELLO, HELLO), questions=("one", "two"), turn=turn)

    assert (reply.text, reply.state) == ("Hello.", "complete")
    assert [len(body["messages"]) for body in bodies] == [11, 3, 5]  # refused, sent again, fitted at once
    assert reply.left_out > 0


def test_a_refusal_without_a_number_is_asked_again_with_half_of_it(talk, database: Database, person: int) -> None:
    turn = long_talk(database, person, "word " * 1400)

    reply, bodies = talk(*posted(refusal("Input is too long for requested model."), HELLO), turn=turn)

    assert reply.text == "Hello." and len(bodies[1]["messages"]) < len(bodies[0]["messages"]) == 11


def test_a_refusal_is_asked_again_once_and_not_where_nothing_can_go(talk, database: Database, person: int) -> None:
    turn = long_talk(database, person, "word " * 1400)
    told = refusal("maximum context length is 8192 tokens")

    reply, bodies = talk(*posted(told), turn=turn)
    alone, asked_alone = talk(*posted(told))

    assert (reply.state, alone.state) == ("failed", "failed") and "too long for this model" in reply.error
    assert (len(bodies), len(asked_alone)) == (2, 1)


def test_a_number_larger_than_what_was_sent_still_leaves_something_out(talk, database: Database, person: int) -> None:
    turn = long_talk(database, person, "word " * 1400)

    reply, bodies = talk(*posted(refusal("maximum context length is 90000 tokens"), HELLO), turn=turn)

    assert reply.text == "Hello." and len(bodies[1]["messages"]) < len(bodies[0]["messages"])
