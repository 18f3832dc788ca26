"""Test errors: a sentence in the requested form, never a 500, and no user's text in a log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, default_exceptions

from chat.providers.errors import Unavailable
from chat.routes import errors, pages
from chat.storage.database import DatabaseBusy
from chat.web.spool import DiskFull
from tests.asking import HTMX, PAGE, TEXT, addresses, begin, ended, key_in, named, reply_in
from tests.scripted import Scripted

MARKED = "heron-7714-marked"


def test_an_error_comes_in_the_form_that_was_asked_for(client: FlaskClient) -> None:
    page, fragment, text = (client.get("/nope", headers=form) for form in (PAGE, HTMX, TEXT))

    assert page.text.startswith("<!doctype html>") and "Page not found" in page.text
    assert fragment.text.startswith('<p class="problem">') and "<html" not in fragment.text
    assert text.mimetype == "text/plain" and text.text.count("\n") == 1


def test_htmx_gets_a_whole_page_where_it_restores_its_history(client: FlaskClient) -> None:
    gone = client.get("/conversations/1", headers=HTMX | {"HX-History-Restore-Request": "true"})

    assert gone.status_code == 404 and gone.text.startswith("<!doctype html>")


def test_a_method_that_is_not_allowed_names_those_that_are(client: FlaskClient) -> None:
    response = client.delete("/conversations/1/messages", headers=TEXT)

    assert response.status_code == 405 and "POST" in response.headers["Allow"]


@pytest.mark.parametrize(
    "failure", [DatabaseBusy("The database is busy."), OperationalError("SELECT 1", {}, Exception("disk I/O error"))]
)
def test_a_database_that_fails_is_a_sentence_and_the_text_is_given_back(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr("chat.conversations.ask", fail)

    response = client.post("/conversations", data={"text": "Keep me"}, headers=PAGE)

    assert response.status_code == 503 and "The database" in response.text and ">Keep me</textarea>" in response.text


def test_a_database_without_its_tables_is_no_silence(client: FlaskClient, app: Flask) -> None:
    begin(client)
    with app.extensions["rivulet"].database.write() as connection:
        connection.exec_driver_sql("DROP TABLE sessions")

    response = client.post("/conversations", data={"text": "Keep me"}, headers=PAGE)

    assert response.status_code == 503 and ">Keep me</textarea>" in response.text


@pytest.fixture
def swept(app: Flask) -> Iterator[FlaskClient]:
    """A browser with a finished conversation."""
    client = app.test_client()
    ended(client, begin(client))
    yield client


FIELDS = st.dictionaries(
    st.sampled_from(["text", "key", "model", "current", "extra"]), st.text(max_size=30), max_size=4
)
BODIES = FIELDS | st.binary(max_size=200)
TYPES = st.sampled_from(
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json",
        "text/plain",
        "nonsense",
        "",
    ]
)
SEGMENT = st.text(max_size=12) | st.integers(-(10**30), 10**30).map(str)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES, mimetype=TYPES, form=st.sampled_from([HTMX, TEXT, PAGE]))
def test_whatever_is_sent_wherever_is_never_a_500(
    swept: FlaskClient, app: Flask, body: dict[str, str] | bytes, mimetype: str, form: dict[str, str]
) -> None:
    for method, address, rule in addresses(app):
        if not rule.rule.endswith("/deletion"):
            content: dict[str, Any] = {"content_type": mimetype} if isinstance(body, bytes) else {}
            with swept.open(address, method=method, data=body, headers=form, **content) as response:
                assert response.status_code < 500
                response.get_data()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.sampled_from(["conversations", "replies", "assets", "static"]), rest=st.lists(SEGMENT, max_size=3))
def test_whatever_is_asked_for_is_never_a_500(swept: FlaskClient, first: str, rest: list[str]) -> None:
    for method in ("GET", "POST"):
        with swept.open("/".join(["", first, *rest]), method=method) as response:
            assert response.status_code < 500
            response.get_data()


def test_no_log_holds_what_was_said_a_key_or_a_cookie(
    client: FlaskClient,
    app: Flask,
    provider: Scripted,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    provider.will_say(f"{MARKED} said")
    provider.will_say(Unavailable(f"{MARKED} refused"))
    key = key_in(client.get("/").text)
    client.post("/conversations", data={"text": MARKED, "key": key}, headers=TEXT).get_data()
    cookie = client.get_cookie(named(client))
    ended(client, begin(client, MARKED))
    client.post("/conversations", data={"text": MARKED, "model": MARKED})
    client.post("/conversations", data={"text": f"{MARKED}\0"})
    client.post(f"/replies/{reply_in(client, 1)}/retry", data={"text": MARKED}, headers={"Origin": "null"})

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(f"can't render {MARKED}")

    monkeypatch.setattr(pages, "page", fail)
    assert client.get(f"/?q={MARKED}").status_code == 500

    assert cookie and "RuntimeError" in caplog.text
    assert MARKED not in caplog.text and key not in caplog.text and cookie.value not in caplog.text


@pytest.mark.parametrize("error", [default_exceptions[code] for code in sorted(default_exceptions)])
def test_no_error_has_the_frameworks_own_sentence(error: type[HTTPException]) -> None:
    assert errors.explain(error()) in {errors.NOT_FOUND, errors.NOT_OPENED, errors.INVALID, errors.BROKEN}


def test_our_own_http_errors_keep_their_sentences() -> None:
    assert "disk is almost full" in errors.explain(DiskFull())


def test_the_page_for_an_unknown_host_has_no_link_to_the_same_error(client: FlaskClient) -> None:
    lost = client.get("/", headers=PAGE | {"Host": "other.example.org"})

    assert lost.status_code == 400 and "Back to your chats" not in lost.text
    assert "Back to your chats" in client.get("/nope", headers=PAGE).text
