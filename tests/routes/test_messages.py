"""Test sending: the stored rows, the form of the answer, and the messages that are refused."""

from __future__ import annotations

import io

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.asking import HTMX, PAGE, TEXT, begin, ended, reply_in, rows
from tests.scripted import Gate, Scripted


def refused(client: FlaskClient, app: Flask, status: int, **request: object) -> TestResponse:
    """Send a message that must be refused without storing anything."""
    before = rows(app)
    response = client.post("/conversations", **request)
    assert response.status_code == status, response.text
    assert rows(app) == before
    return response


def test_curl_gets_the_bare_text(client: FlaskClient, provider: Scripted) -> None:
    provider.will_say("Hel", "lo, <b>you</b> & all")

    response = client.post("/conversations", data={"text": "Say hello"}, headers=TEXT)

    assert response.mimetype == "text/plain"
    assert response.text == "Hello, <b>you</b> & all\n"


def test_htmx_gets_the_new_conversation_and_its_address(client: FlaskClient, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say(gate)

    response = client.post("/conversations", data={"text": "Hello <you>?"}, headers=HTMX)
    gate.open()

    assert response.headers["HX-Push-Url"] == "/conversations/1"
    assert "<html" not in response.text and '<hx-partial hx-target="#main"' in response.text
    assert "Hello &lt;you&gt;?" in response.text and 'hx-sse:connect="/replies/2/generation"' in response.text


def test_htmx_gets_only_what_is_new_of_a_conversation_that_goes_on(client: FlaskClient, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say("The first answer")
    provider.will_say(gate)
    conversation = begin(client, "The first question")
    ended(client, conversation)

    response = client.post(f"/conversations/{conversation}/messages", data={"text": "The second"}, headers=HTMX)
    gate.open()

    assert "HX-Push-Url" not in response.headers
    assert response.text.count("<article") == 2 and 'hx-sse:connect="/replies/4/generation"' in response.text
    assert "The second" in response.text and 'class="message__text" dir="auto">The first' not in response.text


def test_the_model_reads_the_whole_conversation(client: FlaskClient, provider: Scripted) -> None:
    provider.will_say("Paris.")
    conversation = begin(client, "The capital of France?")
    ended(client, conversation)

    client.post(f"/conversations/{conversation}/messages", data={"text": "And of Spain?"}, headers=TEXT).get_data()

    assert [said["content"] for said in provider.calls[1].messages] == [
        "The capital of France?",
        "Paris.",
        "And of Spain?",
    ]


def test_lines_are_kept_as_they_were_typed(client: FlaskClient, provider: Scripted) -> None:
    client.post("/conversations", data={"text": "one\r\ntwo\r\n\r\n  three"}, headers=TEXT).get_data()

    assert provider.calls[0].messages[-1]["content"] == "one\ntwo\n\n  three"


def test_an_examples_button_sends_the_example(client: FlaskClient, provider: Scripted) -> None:
    client.post("/conversations", data={"text": ["", "Write a limerick."]}, headers=TEXT).get_data()

    assert provider.calls[0].messages[-1]["content"] == "Write a limerick."


@pytest.mark.parametrize("form", [HTMX, TEXT, PAGE])
@pytest.mark.parametrize("text", ["", " \n\t ", "\u3000"])
def test_an_empty_message_is_refused(client: FlaskClient, app: Flask, form: dict[str, str], text: str) -> None:
    response = refused(client, app, 400, data={"text": text}, headers=form)

    assert "Write a message first." in response.text


@pytest.mark.parametrize(
    "request_of",
    [
        {},
        {"data": {}},
        {"data": {"message": "Hello?"}},
        {"json": {"text": "Hello?"}},
        {"data": b"text=Hello", "content_type": "text/plain"},
        {"data": b"text=Hello", "content_type": "multipart/form-data"},
        {"data": b"text=Hello", "content_type": "multipart/form-data; boundary=x"},
        {"data": b"--x\r\nContent-Disp", "content_type": "multipart/form-data; boundary=x"},
    ],
)
def test_a_form_without_a_text_is_refused(client: FlaskClient, app: Flask, request_of: dict[str, object]) -> None:
    response = refused(client, app, 400, headers=TEXT, **request_of)

    assert "Write a message first" in response.text


def test_a_file_in_place_of_the_text_is_refused(client: FlaskClient, app: Flask) -> None:
    response = refused(client, app, 400, data={"text": (io.BytesIO(b"A file"), "a.txt")}, headers=TEXT)

    assert "Write a message first" in response.text


def test_a_hundred_thousand_characters_are_taken_and_one_more_is_given_back(client: FlaskClient, app: Flask) -> None:
    longest = "ä" * 100_000

    response = refused(client, app, 413, data={"text": longest + "!"}, headers=PAGE)
    taken = client.post("/conversations", data={"text": longest}, headers=TEXT)

    assert taken.status_code == 200 and taken.text
    assert "100,001 characters" in response.text and f"{longest}!</textarea>" in response.text


def test_a_body_past_the_limit_is_given_back_too(client: FlaskClient, app: Flask) -> None:
    typed = "A long story. " * 90_000

    page = refused(client, app, 413, data={"text": typed}, headers=PAGE)
    fragment = refused(client, app, 413, data={"text": typed}, headers=HTMX)

    assert "larger than 1 MB" in page.text and f"{typed}</textarea>" in page.text
    assert "larger than 1 MB" in fragment.text and len(fragment.text) < 500


def test_a_body_far_past_the_limit_is_refused_in_a_sentence(client: FlaskClient, app: Flask) -> None:
    response = refused(client, app, 413, data={"text": "x" * 6_000_000}, headers=PAGE)

    assert "larger than 1 MB" in response.text and len(response.text) < 5_000


@pytest.mark.parametrize(
    ("body", "mimetype"),
    [
        (b"text=Hello%FFyou", "application/x-www-form-urlencoded"),
        (b"text=Hello\xffyou", "application/x-www-form-urlencoded"),
        (b"text=%ED%A0%80", "application/x-www-form-urlencoded"),
        (b"text=Hello%C3", "application/x-www-form-urlencoded"),
        (
            b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nHello\xffyou\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
    ],
)
def test_what_is_not_utf_8_is_refused(client: FlaskClient, app: Flask, body: bytes, mimetype: str) -> None:
    for form in (HTMX, TEXT, PAGE):
        response = refused(client, app, 400, data=body, content_type=mimetype, headers=form)
        assert "valid text (UTF-8)" in response.text


def test_a_nul_is_refused_and_the_rest_given_back(client: FlaskClient, app: Flask) -> None:
    response = refused(client, app, 400, data={"text": "before\0after"}, headers=PAGE)

    assert "(NUL)" in response.text and "before" in response.text and "after</textarea>" in response.text


@pytest.mark.parametrize(
    "model", ["nope", "scripted/nope", "scripted", "/", "small", "scripted/small/", "\0", "x" * 9_000]
)
def test_a_model_that_is_not_on_offer_is_refused_and_the_text_given_back(
    client: FlaskClient, app: Flask, model: str
) -> None:
    response = refused(client, app, 400, data={"text": "Keep me", "model": model}, headers=PAGE)

    assert "no longer available" in response.text and ">Keep me</textarea>" in response.text


def test_while_an_answer_is_written_the_next_message_waits_in_the_box_of_a_page_without_javascript(
    client: FlaskClient, app: Flask, provider: Scripted
) -> None:
    gate = Gate()
    provider.will_say("Hel", gate, "lo")
    conversation = begin(client)
    gate.wait_until_reached()

    for form in (PAGE, TEXT):
        response = client.post(f"/conversations/{conversation}/messages", data={"text": "Keep me"}, headers=form)
        assert response.status_code == 409 and "still being written" in response.text
        assert (">Keep me</textarea>" in response.text) == (form is PAGE)
        assert (f'href="/conversations/{conversation}">Back' in response.text) == (form is PAGE)

    gate.open()
    assert "Hello" in ended(client, conversation)
    assert rows(app)["messages"] == 2


def test_a_text_for_a_conversation_that_is_gone_is_given_back_for_a_new_one(client: FlaskClient) -> None:
    response = client.post("/conversations/77/messages", data={"text": "Keep me"}, headers=PAGE)

    assert response.status_code == 404
    assert 'action="/conversations"' in response.text and ">Keep me</textarea>" in response.text


def test_markup_in_a_text_is_shown_as_it_was_typed(client: FlaskClient) -> None:
    hostile = '</textarea><script>PWN=1</script><p hx-get="/x">'

    page = ended(client, begin(client, hostile))
    refusal = client.post("/conversations", data={"text": hostile, "model": hostile}, headers=PAGE)

    assert "<script>PWN" not in page and "&lt;script&gt;PWN=1" in page
    assert "<script>PWN" not in refusal.text and reply_in(client, 1)
