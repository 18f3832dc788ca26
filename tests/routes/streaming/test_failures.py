"""Test streams that break in the middle: the reader gets a sentence, and no broken stream ends like a complete one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from chat import rendering
from chat.replies import Follower
from chat.replies.live import OwnedReply
from chat.routes.streaming.responses import Subscription
from chat.web.streams import Streams
from tests.asking import HTMX, PAGE, TEXT, begin, ended, reply_in
from tests.scripted import Gate, Scripted
from tests.turns import eventually, text_stored

SECRET = "what nobody may read in a log"
ERRORS = [OperationalError(SECRET, {}, Exception(SECRET)), RuntimeError(SECRET), MemoryError(SECRET)]
GOES_ON = "[Something went wrong on the server. The rest will be at /conversations/1.txt]"
END = b'hx-target="#reply-2" hx-swap="outerHTML"'
LED_ON = '<meta http-equiv="refresh" content="1; url=/conversations/1">'


def broken(patch: pytest.MonkeyPatch, owner: Any, name: str, error: Exception, holds: int = 0) -> None:
    """Let a function raise an error after a few successful calls."""
    works, left = getattr(owner, name), [holds]

    def breaks(*given: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise error
        return works(*given, **named)

    patch.setattr(owner, name, breaks)


BEFORE, AFTER, AT_END = "before the first word", "after the first words", "at the look for its end"
PLACES: dict[str, Callable[[pytest.MonkeyPatch, Exception], None]] = {
    BEFORE: lambda patch, error: broken(patch, Follower, "next", error),
    AFTER: lambda patch, error: broken(patch, Follower, "next", error, 1),
    AT_END: lambda patch, error: broken(patch, Subscription, "_content", error),
    "where nobody can look whose it is": lambda patch, error: broken(patch, Streams, "_start_watching", error),
}


def streamed(client: FlaskClient, provider: Scripted, address: str, **request: Any) -> str:
    """Read a stream whose answer goes on after its first piece; return the bytes sent."""
    gate = Gate()
    provider.will_say("One, ", gate, "two.")
    try:
        response = client.post(address, **request)
        return "".join(gate.open() or piece.decode() for piece in response.iter_encoded())
    finally:
        gate.open()


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("place", PLACES)
def test_bare_text_that_breaks_says_where_it_goes_on(
    client: FlaskClient, provider: Scripted, monkeypatch: pytest.MonkeyPatch, place: str, error: Exception
) -> None:
    PLACES[place](monkeypatch, error)

    text = streamed(client, provider, "/conversations", data={"text": "Count"}, headers=TEXT)

    assert text.endswith(f"\n\n{GOES_ON}\n") and ("One, " in text) == (place in {AFTER, AT_END})


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("place", PLACES | {"drawn": None})
def test_a_page_without_javascript_that_breaks_is_led_on(
    client: FlaskClient, provider: Scripted, monkeypatch: pytest.MonkeyPatch, place: str, error: Exception
) -> None:
    PLACES.get(place, lambda *_: broken(monkeypatch, rendering.Blocks, "feed", error))(monkeypatch, error)

    page = streamed(client, provider, "/conversations", data={"text": "Count"}, headers=PAGE)
    monkeypatch.undo()

    assert page.endswith(LED_ON) and "</html>" not in page
    assert "One, two." in ended(client, 1)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("place", PLACES | {"drawn": None})
def test_events_that_break_have_no_end_and_are_followed_again(
    client: FlaskClient, provider: Scripted, monkeypatch: pytest.MonkeyPatch, place: str, error: Exception
) -> None:
    gate = Gate()
    provider.will_say("One, ", gate, "two.")
    address = f"/replies/{reply_in(client, begin(client))}/generation"
    gate.wait_until_reached()
    PLACES.get(place, lambda *_: broken(monkeypatch, rendering.IncrementalRenderer, "feed", error))(monkeypatch, error)

    begun = b"".join(gate.open() or piece for piece in client.get(address).iter_encoded())
    monkeypatch.undo()
    again = client.get(address).iter_encoded()
    gate.open()

    assert begun.endswith(b": broken\n\n") and END not in begun and END in b"".join(again)
    assert "One, two." in client.get("/conversations/1").text


@pytest.mark.parametrize("form", [TEXT, PAGE, HTMX])
def test_the_log_says_where_a_stream_broke_and_quotes_nothing(
    client: FlaskClient,
    provider: Scripted,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    form: dict[str, str],
) -> None:
    conversation = begin(client, "What the person wrote")
    ended(client, conversation)
    broken(monkeypatch, Follower, "next", ERRORS[0])

    if form is HTMX:
        client.get("/replies/2/generation").get_data()
    else:
        client.post("/conversations/1/messages", data={"text": "Count"}, headers=form).get_data()

    assert "a stream failed with OperationalError" in caplog.text
    assert SECRET not in caplog.text and "What the person wrote" not in caplog.text


@pytest.mark.parametrize(("form", "told"), [(TEXT, GOES_ON), (PAGE, LED_ON)])
def test_an_answer_that_could_not_be_ended_is_no_whole_one(
    app: Flask, client: FlaskClient, provider: Scripted, form: dict[str, str], told: str
) -> None:
    gate = Gate()
    provider.will_say("One, ", gate, "two.")
    response = client.post("/conversations", data={"text": "Count"}, headers=form, buffered=False)
    gate.wait_until_reached()
    database, running = app.extensions["rivulet"].database, app.extensions["rivulet"].replies.writer.find(2)
    eventually(lambda: text_stored(database, 2) == "One, ")

    running.publish([], ended=True)  # as the writer does when it gives up, and as another process does after a Continue

    assert isinstance(running, OwnedReply) and response.text.rstrip().endswith(told)
    gate.open()


def test_events_of_an_answer_that_could_not_be_ended_are_followed_again(
    app: Flask, client: FlaskClient, provider: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate()
    provider.will_say("One, ", gate, "two.")
    conversation = begin(client)
    gate.wait_until_reached()

    app.extensions["rivulet"].replies.writer.find(2).publish([], ended=True)
    broken_off = client.get("/replies/2/generation").data
    gate.open()

    assert broken_off.endswith(b": broken\n\n") and END not in broken_off
    assert "a stream broke" not in caplog.text
    eventually(lambda: "One, two." in client.get(f"/conversations/{conversation}").text)


def test_bare_text_whose_answer_is_deleted_or_stopped_says_so(
    app: Flask, client: FlaskClient, provider: Scripted
) -> None:
    told = []
    for address in ("/conversations/1/deletion", "/replies/4/stop"):
        gate = Gate()
        provider.will_say("One, ", gate, "two.")
        response = client.post("/conversations", data={"text": "Count"}, headers=TEXT, buffered=False)
        gate.wait_until_reached()
        assert client.post(address).status_code == 303
        told.append(response.text)

    assert told[0].endswith("\n\n[This answer was deleted.]\n")
    assert told[1].endswith("\n\n[Stopped.]\n")


def test_a_page_without_javascript_whose_answer_is_deleted_says_so(client: FlaskClient, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say("One, ", gate, "two.")
    response = client.post("/conversations", data={"text": "Count"}, headers=PAGE, buffered=False)
    gate.wait_until_reached()

    client.post("/conversations/1/deletion")

    assert "This answer was deleted." in response.text and response.text.rstrip().endswith("</html>")
