"""Test the headings by which a screen reader goes from message to message, and what names their buttons."""

from __future__ import annotations

import re

from flask.testing import FlaskClient

from tests.asking import HTMX, PAGE, begin, ended, reply_in
from tests.scripted import Gate, Scripted


def headings(html: str) -> list[str]:
    """Read the headings of the messages in a page or a part of one."""
    return re.findall(r"<article[^>]*>\s*<h2[^>]*>(.*?)</h2>", html)


def unknown_names(page: str) -> set[str]:
    """Find the elements that name others and that the page hasn't."""
    named = {name for names in re.findall(r'aria-(?:labelledby|describedby)="([^"]+)"', page) for name in names.split()}
    return named.difference(re.findall(r'id="([^"]+)"', page))


def test_each_message_has_a_heading(client: FlaskClient, provider: Scripted) -> None:
    conversation = begin(client)
    ended(client, conversation)
    sent = client.post(f"/conversations/{conversation}/messages", data={"text": "And?"}, headers=HTMX).text
    end = client.get(f"/replies/{reply_in(client, conversation)}/generation").text.replace("\ndata:", "\n")
    page = client.get(f"/conversations/{conversation}").text

    assert headings(sent) == ["You", "Small"] and headings(end) == ["Small"]
    assert headings(page) == ["You", "Small", "You", "Small"]
    assert page.count("<h1") == 1


def test_an_answer_that_streams_without_javascript_has_one(client: FlaskClient, provider: Scripted) -> None:
    provider.will_say("# Rivers")
    page = client.post("/conversations", data={"text": "Hello?"}, headers=PAGE).text

    streamed, finished = page.split('<div class="finished">')

    assert re.search(
        r'<div class="reply streamed">\s*<div class="stream"></div>\s*<h2 class="reply__speaker">Small</h2>', streamed
    )
    assert headings(finished) == ["Small"]


def test_the_buttons_of_a_message_are_named_after_it(client: FlaskClient, provider: Scripted) -> None:
    provider.will_say("One.")
    provider.will_say("Two.", Gate())
    conversation = begin(client)
    ended(client, conversation)
    client.post(f"/replies/{reply_in(client, conversation)}/retry", headers=HTMX)
    running = client.get(f"/conversations/{conversation}").text

    assert running.count('<div class="actions" role="group" aria-labelledby="speaker-') == 2
    assert "1/2" in running or "2/2" in running
    assert not unknown_names(running)
