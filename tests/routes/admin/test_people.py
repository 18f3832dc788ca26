"""Test how an admin sees and changes users."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chat.people import accounts, audit
from chat.people.audit import PAGE
from chat.storage.tables import conversations
from chat.storage.tables import people as table
from tests.routes.admin.conftest import ADMIN, MEMBER, id_of
from tests.scripted import Gate, Scripted
from tests.team import account, change, sign_in
from tests.turns import count, eventually, stored


def actions(app: Flask) -> list[tuple[str, str, str]]:
    """Read the audit log's changes, newest first."""
    rows = audit.page(app.extensions["rivulet"].database)
    return [(row.actor, row.action, row.subject) for row in rows if "sign" not in row.action]


def test_everybody_is_listed_with_role_state_and_when_they_were_seen(
    app: Flask, admin: FlaskClient, member: FlaskClient
) -> None:
    account(app.extensions["rivulet"].database, "cid@example.org")

    page = admin.get("/admin/people").text
    rows = page.split("<li>")[1:]

    assert [re.findall(r"[\w.]+@example\.org", row)[0] for row in rows] == ["cid@example.org", MEMBER, ADMIN]
    assert "Never signed in" in rows[0] and "<time" in rows[1] and "1 active session" in rows[1]
    assert "Admin</span>" in rows[2] and "You</span>" in rows[2] and "Admin</span>" not in rows[1]


def test_the_reset_link_comes_first_and_deleting_stands_last(admin: FlaskClient, member: FlaskClient) -> None:
    rows = admin.get("/admin/people").text.split("<li>")[1:]

    assert [re.findall(r"<button[^>]*>([^<]+)</button>", row) for row in rows] == [
        ["Create reset link", "Make admin", "Suspend", "Delete…"],
        ["Create reset link", "Make member", "Suspend", "Delete…"],
    ]
    assert rows[0].count('class="danger"') == 1


def test_guests_are_not_listed(app: Flask, admin: FlaskClient) -> None:
    change(app, access="open")
    app.test_client().post("/conversations", data={"text": "Hello?"})

    assert admin.get("/admin/people").text.count("<li>") == 1


def test_a_suspended_member_is_out_at_once_and_their_answer_stops(
    app: Flask, admin: FlaskClient, member: FlaskClient, provider: Scripted
) -> None:
    """ALLM 26-32717: a suspended user's answer went on."""
    gate = Gate()
    provider.will_say("Once ", gate, "upon a time")
    member.post("/conversations", data={"text": "Tell me"}, headers={"HX-Request": "true"})
    gate.wait_until_reached()

    answer = admin.post(f"/admin/people/{id_of(app, MEMBER)}/suspension")

    assert answer.headers["Location"] == "/admin/people?done=suspended"
    assert provider.sayings[0].cancelled.wait(20)
    assert member.get("/").status_code == 303
    eventually(lambda: stored(app.extensions["rivulet"].database, 2).state == "stopped")
    assert "Suspended</span>" in admin.get("/admin/people?done=suspended").text
    assert actions(app)[0] == (ADMIN, "suspended", MEMBER)


def test_who_is_let_in_again_signs_in_and_finds_everything(app: Flask, admin: FlaskClient, member: FlaskClient) -> None:
    bob = id_of(app, MEMBER)
    member.post("/conversations", data={"text": "Keep me"})
    admin.post(f"/admin/people/{bob}/suspension")
    assert sign_in(member, MEMBER).status_code == 403

    admin.post(f"/admin/people/{bob}/resumption")

    assert sign_in(member, MEMBER).status_code == 303
    assert "Keep me" in member.get("/").text


def test_somebody_is_removed_only_after_a_question(app: Flask, admin: FlaskClient, member: FlaskClient) -> None:
    bob = id_of(app, MEMBER)
    member.post("/conversations", data={"text": "Forget me"})

    asked = admin.get(f"/admin/people/{bob}/removal")

    assert "its chat." in asked.text and MEMBER in asked.text
    assert count(app.extensions["rivulet"].database, table) == 2

    answer = admin.post(f"/admin/people/{bob}/removal")

    assert answer.headers["Location"] == "/admin/people?done=removed"
    assert member.get("/").status_code == 303
    assert count(app.extensions["rivulet"].database, table) == 1
    assert count(app.extensions["rivulet"].database, conversations) == 0


@pytest.mark.parametrize("way", ["suspension", "removal", "role"])
def test_the_last_admin_stays_and_is_told_why(app: Flask, admin: FlaskClient, member: FlaskClient, way: str) -> None:
    answer = admin.post(f"/admin/people/{id_of(app, ADMIN)}/{way}", data={"role": "member"})

    assert answer.status_code == 409
    assert f"{ADMIN} is the only admin" in answer.text and "Bob" not in answer.text and MEMBER in answer.text
    assert admin.get("/admin/people").status_code == 200


def test_the_only_admin_is_told_why_before_the_question_about_deleting(app: Flask, admin: FlaskClient) -> None:
    asked = admin.get(f"/admin/people/{id_of(app, ADMIN)}/removal")

    assert asked.status_code == 409 and f"{ADMIN} is the only admin" in asked.text
    assert "Delete permanently" not in asked.text


def test_an_admin_who_steps_down_is_led_out(app: Flask, admin: FlaskClient) -> None:
    account(app.extensions["rivulet"].database, "cid@example.org", "admin")

    answer = admin.post(f"/admin/people/{id_of(app, ADMIN)}/role", data={"role": "member"})

    assert answer.headers["Location"] == "/"
    assert admin.get("/").status_code == 303


def test_a_reset_link_is_shown_once_and_noted_without_it(app: Flask, admin: FlaskClient, member: FlaskClient) -> None:
    page = admin.post(f"/admin/people/{id_of(app, MEMBER)}/reset")
    token = re.findall(r"http://localhost/resets/([\w-]{43})<", page.text)

    assert len(token) == 1
    assert page.headers["Cache-Control"] == "no-store, no-transform"
    assert token[0] not in admin.get("/admin/people").text + admin.get("/admin/audit").text
    assert actions(app)[0] == (ADMIN, "reset_made", MEMBER)


@pytest.mark.parametrize("way", ["role", "suspension", "resumption", "removal", "reset"])
def test_nobody_is_not_found(app: Flask, admin: FlaskClient, way: str) -> None:
    assert admin.post(f"/admin/people/999/{way}", data={"role": "member"}).status_code == 404


@pytest.mark.parametrize("before", ["", "x", "-1", "1" * 30, "٣", "1.5"])
def test_a_page_that_is_none_is_not_found(admin: FlaskClient, before: str) -> None:
    assert admin.get("/admin/people", query_string={"before": before}).status_code == 404


def test_many_people_are_shown_fifty_at_a_time(app: Flask, admin: FlaskClient) -> None:
    database = app.extensions["rivulet"].database
    with database.write() as connection:
        for number in range(PAGE + 9):
            accounts.create(connection, f"p{number}@example.org", "member", None)

    first = admin.get("/admin/people").text
    following = re.findall(r'href="\?before=(\d+)"', first)
    second = admin.get(f"/admin/people?before={following[0]}").text

    assert (first.count("<li>"), second.count("<li>")) == (50, 10)
    assert "?before=" not in second and ADMIN in second


def test_what_people_call_themselves_is_text(app: Flask, admin: FlaskClient) -> None:
    """Every string from outside is untrusted."""
    with app.extensions["rivulet"].database.write() as connection:
        accounts.create(connection, "eve@example.org", "member", None, "<script>alert(1)</script>")

    page = admin.get("/admin/people").text

    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_looking_writes_nothing(app: Flask, admin: FlaskClient, member: FlaskClient) -> None:
    """A GET changes nothing."""
    database = app.extensions["rivulet"].database
    with database.engine.connect() as connection:
        before = connection.exec_driver_sql("PRAGMA data_version").scalar()
        for name in ["", "/people", "/invites", "/audit", "/audit.csv", "/models", "/models/scripted", "/settings"]:
            assert admin.get(f"/admin{name}").status_code == 200, name
        assert connection.exec_driver_sql("PRAGMA data_version").scalar() == before
