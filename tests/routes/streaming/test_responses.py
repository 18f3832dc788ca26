"""Test an answer in progress: each form of it shows the stored text, as soon as it is stored."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from chat.providers.errors import Unavailable
from chat.routes.streaming import event_stream, responses
from tests.asking import PAGE, TEXT, begin, ended, reply_in
from tests.scripted import Gate, Scripted


def pieces(response: TestResponse) -> Iterator[str]:
    """Read a stream piece by piece, as the server sends it."""
    return (piece.decode() for piece in response.iter_encoded())


def until(wanted: str, sent: Iterator[str]) -> str:
    """Read a stream until a text has arrived; return everything read."""
    seen = ""
    while wanted not in seen:
        seen += next(sent)
    return seen


def follow(client: FlaskClient, conversation_id: int) -> Iterator[str]:
    """Follow the last reply of a conversation."""
    return pieces(client.get(f"/replies/{reply_in(client, conversation_id)}/generation"))


def test_bare_text_comes_as_it_is_said(client: FlaskClient, provider: Scripted) -> None:
    first, second = Gate(), Gate()
    provider.will_say(first, "One, ", second, "two.")

    sent = pieces(client.post("/conversations", data={"text": "Count"}, headers=TEXT))
    assert next(sent) == ""  # the headers leave before the first word
    first.open()
    assert until("One, ", sent) == "One, "
    second.open()

    assert "".join(sent) == "two.\n"


def test_bare_text_that_breaks_off_says_why(client: FlaskClient, provider: Scripted) -> None:
    provider.will_say("One, ", Unavailable("The model is busy. Try again in a minute."))

    response = client.post("/conversations", data={"text": "Count"}, headers=TEXT)

    assert response.text == "One, \n\n[The model is busy. Try again in a minute.]\n"


def test_without_javascript_the_page_streams_and_ends_whole(client: FlaskClient, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say("First <b>words</b>.\n\n", "Then *more*, ", gate, "the end.")

    sent = pieces(client.post("/conversations", data={"text": "Speak"}, headers=PAGE))
    before = next(sent)
    early = until("Then *more*, ", sent)
    gate.open()
    late = "".join(sent)

    assert before.startswith("<!doctype html>") and 'id="composer"' in before and "/stop" in before
    assert "First &lt;b&gt;words&lt;/b&gt;." in early and "</html>" not in early
    assert "<em>more</em>, the end." in late and late.rstrip().endswith("</html>")
    assert client.get("/conversations/1").text.count("<em>more</em>, the end.") == 1


def test_without_javascript_the_page_says_how_an_answer_failed(client: FlaskClient, provider: Scripted) -> None:
    provider.will_say(Unavailable("The model is busy."))

    page = client.post("/conversations", data={"text": "Speak"}, headers=PAGE).text

    assert "The model is busy." in page and "Retry" in page and "Speak" in page


def test_a_page_opened_in_mid_answer_shows_the_text_so_far_and_refreshes_itself(
    client: FlaskClient, provider: Scripted
) -> None:
    gate = Gate()
    provider.will_say("So far.", gate, " And on.")
    conversation = begin(client)
    gate.wait_until_reached()
    until("So far.", follow(client, conversation))

    middle, elsewhere = client.get(f"/conversations/{conversation}").text, client.get("/").text
    gate.open()
    end = ended(client, conversation)

    refresh = '<noscript><meta http-equiv="refresh"'
    assert "So far." in middle and refresh in middle and 'hx-sse:connect="' in middle
    assert refresh not in elsewhere and "So far. And on." in end
    assert refresh not in end and "hx-sse:connect" not in end


def test_a_follow_begins_with_all_so_far_goes_on_with_what_is_new_and_ends_with_the_article(
    client: FlaskClient, provider: Scripted
) -> None:
    gate = Gate()
    provider.will_say("One,", gate, " two.")
    conversation = begin(client)
    until("One,", follow(client, conversation))

    sent = follow(client, conversation)
    first = next(sent)
    gate.open()
    rest = list(sent)

    assert 'hx-target="#reply-2-body" hx-swap="innerHTML"' in first and "One," in first and "two" not in first
    assert rest[:-1] == ["data:  two.\n\n"]
    assert 'hx-target="#reply-2" hx-swap="outerHTML"' in rest[-1] and 'id="reply-2-body" hx-preserve' in rest[-1]
    assert "aria-busy" not in rest[-1]


def test_a_follow_that_showed_something_else_ends_with_the_whole_answer(
    client: FlaskClient, provider: Scripted
) -> None:
    gate = Gate()
    provider.will_say("See [there].\n\n", gate, "[there]: https://b.example")
    conversation = begin(client)
    sent = follow(client, conversation)
    until("See", sent)

    gate.open()

    assert '<a href="https://b.example"' in list(sent)[-1]


def test_every_piece_of_a_follow_is_whole_events_of_data_alone(client: FlaskClient, provider: Scripted) -> None:
    """OW 25-64496: a model's server that sends events of its own."""
    hostile = "a\r\n\r\nevent: x\r\ndata: <img src=x>\r\n\r\nid: 7\n\n```\nretry: 1\u2028\u0085\n```\n"
    gate = Gate()
    provider.will_say(*hostile, gate, "end")
    conversation = begin(client)

    sent = follow(client, conversation)
    seen = [until("retry", sent)]
    gate.open()
    seen += sent

    for piece in seen:
        assert piece.endswith("\n\n") and "\r" not in piece
        lines = [line for line in piece.split("\n") if line]
        assert all(line.startswith(("data:", ": ")) for line in lines)
        assert "<img" not in piece


def test_a_follow_of_a_finished_reply_is_its_last_event(client: FlaskClient, provider: Scripted) -> None:
    provider.will_say("All said.")
    conversation = begin(client)
    ended(client, conversation)

    response = client.get(f"/replies/{reply_in(client, conversation)}/generation")

    assert response.status_code == 200 and response.mimetype == "text/event-stream"
    assert response.text.count("<hx-partial") == 3 and "All said." in response.text
    assert 'hx-target="#reply-2" hx-swap="outerHTML"' in response.text


def test_several_watchers_see_the_same(client: FlaskClient, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say("One,", gate, " two.")
    conversation = begin(client)
    watchers = [follow(client, conversation) for _ in range(3)]

    seen = [until("One,", watcher) for watcher in watchers]
    gate.open()

    assert len(seen) == 3
    assert all("data:  two.\n" in "".join(watcher) for watcher in watchers)


def test_a_silent_stream_says_now_and_then_that_it_lives(
    client: FlaskClient, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "HEARTBEAT", 0.01)
    gate = Gate()
    provider.will_say("Hm.", gate)
    provider.will_say("Hm.", gate)
    events = follow(client, begin(client))
    page = pieces(client.post("/conversations", data={"text": "Think"}, headers=PAGE))

    words = until("Hm.", events), until("Hm.", page)
    silences = until("event:beat\n\nevent:beat\n\n", events), until("<!-- --><!-- -->", page)
    gate.open()

    assert all(words) and all(silences)


def test_bare_text_says_empty_lines_until_its_first_word_and_nothing_within(
    client: FlaskClient, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "HEARTBEAT", 0.01)
    first, second = Gate(), Gate()
    provider.will_say(first, "One, ", second, "two.")

    sent = pieces(client.post("/conversations", data={"text": "Count"}, headers=TEXT))
    until("\n\n", sent)
    first.open()
    until("One, ", sent)
    silence = [next(sent), next(sent)]
    second.open()

    assert silence == ["", ""] and "".join(sent) == "two.\n"


def test_a_stream_that_lasts_ends_in_mid_answer_and_the_browser_comes_again(
    client: FlaskClient, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "HEARTBEAT", 0.01)
    monkeypatch.setattr(responses, "SPAN", 0.1)
    gate = Gate()
    provider.will_say("So ", gate, "it goes.")
    provider.will_say("So ", gate, "it goes.")
    conversation = begin(client)

    cut = "".join(follow(client, conversation))
    page = client.post("/conversations", data={"text": "On a page"}, headers=PAGE).text
    monkeypatch.undo()
    gate.open()

    assert 'hx-target="#reply-2" ' not in cut
    assert page.endswith('<meta http-equiv="refresh" content="1; url=/conversations/2">')
    assert "So it goes." in ended(client, 1) and "So it goes." in ended(client, 2)


def test_what_the_provider_says_to_who_waits_is_shown_until_the_first_word(
    client: FlaskClient, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "NOTICE_POLL", 0.01)
    gate = Gate()
    provider.will_say(gate, "Now.")
    conversation = begin(client)
    gate.wait_until_reached()
    saying = provider.sayings[0]

    saying.notice = "Two others are <before> you."
    early = follow(client, conversation)
    first = until("before", early)
    saying.notice = "You are next."
    changed = until("next", early)
    saying.notice = ""
    gate.open()

    assert '#reply-2-notice" hx-swap="innerHTML">Two others are &lt;before&gt; you.<' in first
    assert "You are next." in changed and "Now." in "".join(early)


def test_a_conversation_deleted_in_mid_answer_takes_its_article_along(client: FlaskClient, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say("Hel", gate, "lo")
    conversation = begin(client)
    sent = follow(client, conversation)
    until("Hel", sent)

    client.post(f"/conversations/{conversation}/deletion")

    assert '<hx-partial hx-target="#reply-2" hx-swap="delete">' in "".join(sent)
    assert provider.sayings[0].cancelled.is_set()


def test_what_is_sent_at_the_last_moment_of_a_process_is_stored_and_leads_to_where_it_goes_on(
    app: Flask, client: FlaskClient, provider: Scripted
) -> None:
    app.extensions["rivulet"].replies.drain(0)

    bare = client.post("/conversations", data={"text": "Hello?"}, headers=TEXT).text
    page = client.post("/conversations", data={"text": "Hello?"}, headers=PAGE).text
    conversation = begin(client)

    assert bare.strip() == "[The server is restarting. The rest will be at /conversations/1.txt]"
    assert page.endswith('<meta http-equiv="refresh" content="1; url=/conversations/2">')
    assert "".join(follow(client, conversation)) == ": here\n\n" and provider.calls == []


def test_the_list_goes_on_asking_where_another_answer_is_still_written(client: FlaskClient, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say("Slow", gate)
    provider.will_say("Quick.")
    begin(client, "A slow one")
    quick = begin(client, "A quick one")

    "".join(follow(client, quick))
    page = client.get("/conversations").text
    gate.open()

    listed = re.search(r'<div class="list" id="conversations"([^>]*)>', page)
    assert listed and 'hx-trigger="every 3s"' in listed[1]
    assert page.count("(answering)") == 1
