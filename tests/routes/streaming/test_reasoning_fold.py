"""Test reasoning on its way to a reader: open while the model thinks, folded once it answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chat.providers.errors import Interrupted
from chat.replies.live import MOST
from chat.routes.streaming import event_stream
from tests.asking import HTMX, PAGE, TEXT, begin, ended
from tests.routes.streaming.test_responses import follow, pieces, until
from tests.scripted import Gate, Scripted, Thought

HOSTILE = "</div></hx-partial><script>x</script><!x>\r\n\r\nevent: x\n\n"
ESCAPED = "&lt;/div&gt;&lt;/hx-partial&gt;&lt;script&gt;x&lt;/script&gt;&lt;!x&gt;"


@pytest.fixture
def thinking(client: FlaskClient, provider: Scripted) -> tuple[Iterator[str], Gate, Gate]:
    """Follow a reply whose model has thought a little, with the gates to more thoughts and to the answer."""
    more, speak = Gate(), Gate()
    provider.will_say(Thought("Hm. "), more, Thought(HOSTILE), Thought("So."), speak, "It is", " so.")
    conversation = begin(client)
    more.wait_until_reached()
    return follow(client, conversation), more, speak


def test_reasoning_grows_in_an_open_fold_that_closes_when_the_answer_begins(
    thinking: tuple[Iterator[str], Gate, Gate],
) -> None:
    sent, more, speak = thinking

    begun = until("Hm. ", sent)
    more.open()
    grown = until("So.", sent)
    speak.open()
    answered = "".join(sent)

    assert '<details class="thinking" open>' in begun and "Thinking… " in begun
    assert '<hx-partial hx-target="#reply-2-thoughts" hx-swap="beforeend">' in grown
    assert ESCAPED in grown and "<script" not in grown and "\r" not in grown
    folded = answered.partition("<title>")[0]
    assert '<details class="reasoning" id="reply-2-reasoning" hx-get=' in folded
    assert 'id="reply-2-thoughts" dir="auto" hx-preserve></div>' in folded and "Hm." not in folded
    assert "Thought for 1 second" in folded
    assert 'id="reply-2-reasoning" hx-preserve' in answered


def test_a_page_that_comes_again_gets_all_reasoning_so_far_in_place_of_what_it_shows(
    client: FlaskClient, thinking: tuple[Iterator[str], Gate, Gate]
) -> None:
    sent, more, speak = thinking
    until("Hm. ", sent)
    more.open()
    until("So.", sent)

    again = until("So.", follow(client, 1))
    page = client.get("/conversations/1").text
    polled = client.get("/replies/2/generation?once").text
    speak.open()
    "".join(sent)

    for shown in (again, polled):
        assert '<hx-partial hx-target="#reply-2-thinking" hx-swap="innerHTML"><details class="thinking" open>' in shown
        assert shown.count("Hm. ") == 1 and ESCAPED in shown
    assert '<details class="thinking" open>' in page and f"Hm. {ESCAPED}" in page


def test_a_page_that_comes_after_the_first_word_gets_the_fold_closed(client: FlaskClient, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say(Thought("Hm."), "It is", gate, " so.")
    begin(client)
    gate.wait_until_reached()
    until("It is", follow(client, 1))

    sent, page = until("It is", follow(client, 1)), client.get("/conversations/1").text
    read = client.get("/replies/2/reasoning", headers=HTMX).text
    gate.open()
    ended(client, 1)

    assert '<details class="reasoning" id="reply-2-reasoning"' in sent and "open>" not in sent
    assert '<div class="thoughts" id="reply-2-thoughts" dir="auto">Hm.</div>' in sent
    assert '<details class="reasoning"' in page and 'class="thinking"' not in page
    assert read == '<p dir="auto">Hm.</p>'


def test_the_fold_counts_the_seconds(
    client: FlaskClient, thinking: tuple[Iterator[str], Gate, Gate], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "NOTICE_POLL", 0.01)
    sent, more, speak = thinking

    counted = until('<hx-partial hx-target="#reply-2-thinking-time" hx-swap="innerHTML">Thinking… 1 s<', sent)
    more.open()
    speak.open()
    "".join(sent)

    assert "Thinking… 0 s" in counted


def test_long_reasoning_comes_in_parts(client: FlaskClient, provider: Scripted) -> None:
    gate, long = Gate(), "word" * MOST
    provider.will_say(Thought(long), gate, "So.")
    begin(client)
    gate.wait_until_reached()

    sent = follow(client, 1)
    parts = ""
    while parts.count("word") < MOST:
        parts += next(sent)
    gate.open()
    ended(client, 1)

    events = parts.split("\n\n")
    assert [event.count("word") for event in events if "word" in event] == [MOST // 4] * 4
    assert parts.count('"#reply-2-thoughts" hx-swap="beforeend"') == 3


def test_a_continued_answer_has_its_earlier_reasoning_folded_and_the_new_one_apart(
    client: FlaskClient, provider: Scripted
) -> None:
    think, gate = Gate(), Gate()
    provider.will_say(Thought("One."), "So ", Interrupted("It broke off."))
    provider.will_say(think, Thought("Two."), gate, "it goes.")
    ended(client, begin(client))

    article = client.post("/replies/2/continue", headers=HTMX).text
    think.open()
    sent = until("Two.", follow(client, 1))
    gate.open()
    end = ended(client, 1)

    assert article.count('<details class="reasoning" hx-get') == 1 and "Thought for" in article
    assert '<details class="reasoning" hx-get' in sent and 'id="reply-2-reasoning"' not in sent
    assert end.count('<details class="reasoning"') == 1
    assert "One." in (both := client.get("/replies/2/reasoning").text) and "Two." in both


def test_reasoning_that_a_reader_stops_stays_folded_away(client: FlaskClient, provider: Scripted) -> None:
    provider.will_say(Thought("Hm."), Gate(), "Never said.")
    begin(client)
    sent = follow(client, 1)
    until("Hm.", sent)

    client.post("/replies/2/stop")

    end = "".join(sent)
    assert "Stopped." in end and "Thought for 1 second" in end
    assert "Hm." in client.get("/replies/2/reasoning", headers=HTMX).text


def test_without_javascript_reasoning_streams_before_the_answer_and_is_folded_then(
    client: FlaskClient, provider: Scripted
) -> None:
    speak, end = Gate(), Gate()
    provider.will_say(Thought("Hm. "), Thought(HOSTILE), speak, "It is", Thought("Wait."), end, " so.")

    sent = pieces(client.post("/conversations", data={"text": "Is it?"}, headers=PAGE))
    thought = until("event: x", sent)
    speak.open()
    said = until("It is", sent)
    end.open()
    rest = "".join(sent)

    assert '<details class="thinking" open>' in thought and "Hm. " in thought and ESCAPED in thought
    assert "<script>x" not in thought and "reply__body" not in thought
    assert '</details><details class="reasoning"' in said.replace("\n", "") and "/replies/2/reasoning" in said
    assert said.index('class="reasoning"') < said.index("It is") and rest.count('class="reasoning"') == 1
    assert rest.count("<!-- -->") < 5


def test_bare_text_and_a_saved_conversation_have_nothing_of_the_reasoning(
    client: FlaskClient, provider: Scripted, app: Flask
) -> None:
    gate, speak = Gate(), Gate()
    provider.will_say(Thought("Hm. "), gate, Thought("Well."), speak, "So.")

    sent = pieces(client.post("/conversations", data={"text": "Is it?"}, headers=TEXT))
    next(sent)
    until("Hm.", follow(client, 1))
    saved = [client.get(f"/conversations/1.{form}").text for form in ("md", "txt", "json")]
    gate.open()
    until("Well.", follow(client, 1))
    speak.open()

    assert "".join(sent) == "So.\n"
    assert not any("Hm." in text for text in saved)
