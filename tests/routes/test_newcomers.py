"""Test newcomers who lost their first response and its cookie: their form's key leads to their message."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.asking import HTMX, PAGE, TEXT, begin, ended, key_in, reply_in, rows
from tests.scripted import Gate, Scripted
from tests.security.cast import settle
from tests.team import account, sign_in

FORMS = pytest.mark.parametrize("form", [HTMX, TEXT, PAGE], ids=["htmx", "text", "page"])


@pytest.fixture
def lost(app: Flask, client: FlaskClient) -> dict[str, str]:
    """This browser's first message, whose answer never arrived: its form."""
    form = {"text": "Lost", "key": key_in(client.get("/").text)}
    app.test_client().post("/conversations", data=form, headers=TEXT).get_data()
    return form


def later(app: Flask, seconds: int) -> None:
    """Move everyone's creation into the past."""
    with app.extensions["rivulet"].database.write() as connection:
        connection.exec_driver_sql(f"UPDATE people SET created_at = created_at - {seconds}")


def owners(app: Flask) -> list[int]:
    """List the owners of the conversations."""
    with app.extensions["rivulet"].database.read() as connection:
        return list(connection.exec_driver_sql("SELECT person_id FROM conversations ORDER BY id").scalars())


@FORMS
def test_who_is_another_guest_by_now_gets_the_turn_and_all_of_the_first_guest(
    app: Flask, client: FlaskClient, provider: Scripted, lost: dict[str, str], form: dict[str, str]
) -> None:
    second = begin(client, "From the second tab")
    ended(client, second)

    answer = client.post("/conversations", data=lost, headers=form)

    place = answer.headers.get("HX-Redirect") or answer.headers["Location"]
    assert (answer.status_code, place) == (200 if form is HTMX else 303, "/conversations/1")
    assert (
        "Lost" in client.get("/conversations/1").text and "From the second tab" in client.get("/conversations/2").text
    )
    assert rows(app)["people"] == 1 and len(set(owners(app))) == 1 and len(provider.calls) == 2


@FORMS
def test_who_has_signed_in_by_now_gets_the_turn(
    app: Flask, client: FlaskClient, provider: Scripted, lost: dict[str, str], form: dict[str, str]
) -> None:
    member = account(app.extensions["rivulet"].database)
    sign_in(client)

    answer = client.post("/conversations", data=lost, headers=form)

    assert answer.status_code in {200, 303} and "Lost" in client.get("/conversations/1").text
    assert owners(app) == [member] and rows(app)["people"] == 1 and len(provider.calls) == 1


def test_a_text_that_was_changed_is_found_beside_the_first(
    app: Flask, client: FlaskClient, provider: Scripted, lost: dict[str, str]
) -> None:
    begin(client, "From the second tab")

    changed = client.post("/conversations", data=lost | {"text": "Changed"}, headers=TEXT)

    assert changed.status_code == 200 and changed.text and len(provider.calls) == 3
    listed = client.get("/").text
    assert all(title in listed for title in ("Lost", "From the second tab", "Changed"))


def test_an_answer_that_is_being_written_comes_along_and_goes_on(
    app: Flask, client: FlaskClient, provider: Scripted
) -> None:
    gate = Gate()
    provider.will_say("One, ", gate, "two.")
    form = {"text": "Lost", "key": key_in(client.get("/").text)}
    unread = app.test_client().post("/conversations", data=form, headers=TEXT, buffered=False)
    gate.wait_until_reached()
    begin(client, "From the second tab")

    client.post("/conversations", data=form, headers=HTMX)
    follow = client.get(f"/replies/{reply_in(client, 1)}/generation").iter_encoded()
    gate.open()

    assert b'hx-swap="outerHTML"' in b"".join(follow) and "One, two." in client.get("/conversations/1").text
    unread.close()


@pytest.mark.parametrize("signed_in", [False, True])
def test_an_old_key_leads_to_nobody(
    app: Flask, client: FlaskClient, provider: Scripted, lost: dict[str, str], signed_in: bool
) -> None:
    later(app, 601)
    account(app.extensions["rivulet"].database)
    if signed_in:
        sign_in(client)
    else:
        begin(client, "From the second tab")
    before = owners(app)

    answer = client.post("/conversations", data=lost, headers=PAGE)

    assert answer.status_code == 404 and ">Lost</textarea>" in answer.text
    assert owners(app) == before and client.get("/conversations/1").status_code == 404


@pytest.mark.parametrize("visitor", ["a newcomer", "a guest", "a member"])
def test_a_key_of_who_has_come_back_is_no_key_to_what_they_say(
    app: Flask, client: FlaskClient, provider: Scripted, visitor: str
) -> None:
    form, other = {"text": "Mine", "key": key_in(client.get("/").text)}, app.test_client()
    client.post("/conversations", data=form, headers=TEXT).get_data()
    account(app.extensions["rivulet"].database)
    if visitor == "a guest":
        begin(other, "Another's")
    elif visitor == "a member":
        sign_in(other)
    settle(app)  # a return isn't noted while an answer is being stored

    assert "Mine" in client.get("/").text
    taken = other.post("/conversations", data=form, headers=PAGE)

    assert taken.status_code == 404 and other.get("/conversations/1").status_code == 404
    assert "Mine" in client.get("/conversations/1").text
    assert client.post("/conversations", data=form, headers=PAGE).status_code == 303


def test_the_session_of_a_guest_who_was_taken_along_is_nobodys(
    app: Flask, client: FlaskClient, provider: Scripted
) -> None:
    form, unused = {"text": "Lost", "key": key_in(client.get("/").text)}, app.test_client()
    unused.post("/conversations", data=form, headers=TEXT).get_data()
    begin(client, "From the second tab")

    client.post("/conversations", data=form, headers=PAGE)

    assert unused.get("/conversations/1").status_code == 404 and "Lost" in client.get("/conversations/1").text


def test_a_turn_that_somebody_took_along_is_theirs_alone(
    app: Flask, client: FlaskClient, provider: Scripted, lost: dict[str, str]
) -> None:
    begin(client, "From the second tab")
    client.post("/conversations", data=lost, headers=PAGE)
    others = [app.test_client(), app.test_client()]
    begin(others[1], "Somebody else's")

    answers = [other.post("/conversations", data=lost, headers=PAGE).status_code for other in others]

    assert answers == [404, 404] and "Lost" in client.get("/conversations/1").text


def test_a_key_of_who_has_signed_out_is_no_key_to_what_they_said(
    app: Flask, client: FlaskClient, provider: Scripted
) -> None:
    form, other = {"text": "Mine", "key": key_in(client.get("/").text)}, app.test_client()
    client.post("/conversations", data=form, headers=TEXT).get_data()
    assert "Mine" in client.get("/").text
    client.post("/sign-out")

    changed = other.post("/conversations", data=form | {"text": "Another's"}, headers=TEXT)
    same = app.test_client().post("/conversations", data=form, headers=PAGE)

    assert (changed.status_code, same.status_code) == (200, 404)
    assert "Mine" not in other.get("/").text and other.get("/conversations/1").status_code == 404


@pytest.mark.parametrize("form", [HTMX, PAGE], ids=["htmx", "page"])
def test_two_tabs_that_send_at_once_keep_what_both_sent(
    app: Flask, client: FlaskClient, provider: Scripted, form: dict[str, str]
) -> None:
    """Neither tab has a cookie yet, and the browser keeps the one that arrives last."""
    keys = [key_in(client.get("/").text) for _ in range(2)]
    page = app.test_client().post("/conversations", data={"text": "First", "key": keys[0]}, headers=form).text
    client.post("/conversations", data={"text": "Second", "key": keys[1]}, headers=form).get_data()
    settle(app)

    more = client.post("/conversations/1/messages", data={"text": "More", "key": key_in(page)}, headers=TEXT)

    assert more.status_code == 200 and more.text
    assert "First" in client.get("/conversations/1").text and "Second" in client.get("/conversations/2").text
    assert rows(app)["people"] == 1
