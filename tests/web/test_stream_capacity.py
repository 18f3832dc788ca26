"""Room for streams: near the limit of open files a sentence, and everything else goes on."""

from __future__ import annotations

import resource

from flask import Flask
from flask.testing import FlaskClient

from chat.web.stream_capacity import SPARE, StreamCapacity
from tests.asking import begin, ended, reply_in
from tests.scripted import Gate, Scripted


def test_the_limit_follows_from_the_open_files_that_are_allowed() -> None:
    assert StreamCapacity().limit == max(1, (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE) // 2)


def test_a_stream_past_the_limit_gets_a_sentence_and_its_answer_is_written(
    app: Flask, client: FlaskClient, provider: Scripted
) -> None:
    gate = Gate()
    provider.will_say("So ", gate, "it goes.")
    conversation = begin(client, "Hello?")
    reply = reply_in(client, conversation)
    app.extensions["rivulet"].capacity.limit = 0

    refused = client.get(f"/replies/{reply}/generation")
    gate.open()
    app.extensions["rivulet"].capacity.limit = 1

    assert refused.status_code == 503
    assert "Too many answers are being watched" in refused.text
    assert "So it goes." in ended(client, conversation)


def test_a_stream_that_ends_makes_room(app: Flask, client: FlaskClient, provider: Scripted) -> None:
    provider.will_say("So it goes.")
    conversation = begin(client, "Hello?")
    ended(client, conversation)

    client.get(f"/replies/{reply_in(client, conversation)}/generation")

    assert app.extensions["rivulet"].capacity.taken == 0
