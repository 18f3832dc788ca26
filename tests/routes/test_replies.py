"""Test replies: stopping and retrying."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chat.providers.errors import RateLimited, Unavailable
from tests.asking import HTMX, PAGE, begin, ended, reply_in, rows
from tests.scripted import Gate, Scripted


@pytest.mark.parametrize(("form", "status"), [(HTMX, 204), (PAGE, 303)])
def test_a_stop_keeps_what_was_said_and_reaches_the_provider(
    client: FlaskClient, provider: Scripted, form: dict[str, str], status: int
) -> None:
    provider.will_say("As I was ", Gate(), "saying")
    conversation = begin(client)
    reply = reply_in(client, conversation)
    while "As I was" not in client.get(f"/conversations/{conversation}").text:
        pass

    response = client.post(f"/replies/{reply}/stop", headers=form)
    page = ended(client, conversation)

    assert response.status_code == status
    assert "As I was" in page and "saying" not in page and "Stopped." in page
    assert provider.sayings[0].cancelled.is_set()


def test_a_stop_before_the_first_word_reaches_the_provider(client: FlaskClient, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say(gate, "Too late")
    conversation = begin(client)
    gate.wait_until_reached()

    client.post(f"/replies/{reply_in(client, conversation)}/stop")
    page = ended(client, conversation)

    assert provider.sayings[0].cancelled.is_set()
    assert "Too late" not in page and "Stopped." in page and "Retry" in page


def test_a_stop_after_the_end_changes_nothing(client: FlaskClient, provider: Scripted) -> None:
    provider.will_say("All said.")
    conversation = begin(client)
    before = ended(client, conversation)

    response = client.post(f"/replies/{reply_in(client, conversation)}/stop", headers=PAGE)

    assert response.headers["Location"] == f"/conversations/{conversation}"
    assert "All said." in before and "Stopped." not in client.get(f"/conversations/{conversation}").text


def test_a_provider_that_fails_is_quoted_with_the_persons_text_still_there(
    client: FlaskClient, provider: Scripted
) -> None:
    provider.will_say("Some words", Unavailable("The <model> can't be reached. Try again in a minute."))

    page = ended(client, begin(client, "My question"))

    assert "The &lt;model&gt; can&#39;t be reached. Try again in a minute." in page
    assert "My question" in page and "Some words" in page and "Retry</button>" in page


def test_trying_again_gives_a_new_reply_to_the_same_message(client: FlaskClient, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say(RateLimited("Too many requests."))
    provider.will_say(gate, "Here it is.")
    conversation = begin(client, "My question")
    ended(client, conversation)
    failed = reply_in(client, conversation)

    response = client.post(f"/replies/{failed}/retry", headers=HTMX)
    gate.open()
    page = ended(client, conversation)

    assert 'hx-sse:connect="/replies/3/generation"' in response.text and 'id="conversations"' in response.text
    assert "Here it is." in page and page.count("My question</div>") == 1 and "Too many requests." not in page
    assert provider.calls[0].messages == provider.calls[1].messages
    assert provider.calls[0].model == provider.calls[1].model


def test_trying_again_without_javascript_leads_back_to_the_conversation(
    client: FlaskClient, provider: Scripted
) -> None:
    provider.will_say(RateLimited("Too many requests."))
    provider.will_say("Here it is.")
    conversation = begin(client)
    ended(client, conversation)

    response = client.post(f"/replies/{reply_in(client, conversation)}/retry", headers=PAGE)

    assert (response.status_code, response.headers["Location"]) == (303, f"/conversations/{conversation}")
    assert "Here it is." in ended(client, conversation)


def test_trying_again_twice_at_once_calls_the_provider_once(
    client: FlaskClient, app: Flask, provider: Scripted
) -> None:
    gate = Gate()
    provider.will_say(RateLimited("Too many requests."))
    provider.will_say("Here", gate)
    conversation = begin(client)
    ended(client, conversation)
    failed = reply_in(client, conversation)

    answers = [client.post(f"/replies/{failed}/retry", headers=HTMX) for _ in range(2)]
    gate.open()
    ended(client, conversation)

    assert [answer.status_code for answer in answers] == [200, 409]
    assert len(provider.calls) == 2 and rows(app)["replies"] == 2


def test_trying_again_takes_another_model_where_that_one_is_gone(
    client: FlaskClient, app: Flask, provider: Scripted
) -> None:
    provider.will_say(RateLimited("Too many requests."))
    conversation = begin(client)
    ended(client, conversation)
    with app.extensions["rivulet"].database.write() as connection:
        connection.exec_driver_sql("UPDATE replies SET provider = 'gone'")

    response = client.post(f"/replies/{reply_in(client, conversation)}/retry", headers=HTMX)
    ended(client, conversation)

    assert response.status_code == 200 and provider.calls[1].model == "small"


def test_a_page_that_shares_its_connections_is_told_how_far_an_answer_is(
    client: FlaskClient, provider: Scripted
) -> None:
    gate = Gate()
    provider.will_say("A river ", gate, "ends.")
    conversation = begin(client)
    gate.wait_until_reached()
    asked = f"/replies/{reply_in(client, conversation)}/generation?once"
    while "A river" not in (running := client.get(asked).text):
        pass
    gate.open()
    ended(client, conversation)

    over = client.get(asked).text

    assert "ends." not in running and "Retry" not in running
    assert "A river ends." in over and "Retry" in over
