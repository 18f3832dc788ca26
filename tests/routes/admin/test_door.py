"""Test access to the admin pages: one rule covers them all."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from chat.people import roles
from tests.asking import rows
from tests.routes.admin.conftest import ADMIN, MEMBER, id_of
from tests.team import account, change


def rooms(app: Flask) -> list[tuple[str, str]]:
    """List every method and address under /admin, from any module."""
    rules: list[Rule] = [rule for rule in app.url_map.iter_rules() if rule.rule.split("/")[1] == "admin"]
    known = {"person_id": 1, "invite_id": 1}
    return [
        (method, rule.build({name: known.get(name, "x") for name in rule.arguments}, append_unknown=False)[1])  # type: ignore[index]
        for rule in rules
        for method in (rule.methods or set()) - {"OPTIONS"}
    ]


def test_there_are_rooms(app: Flask) -> None:
    assert len(rooms(app)) >= 12


def test_for_a_member_there_is_nothing(app: Flask, member: FlaskClient) -> None:
    """OW 24-7045: the page was hidden from users without the right, but the server didn't check it."""
    before = rows(app)
    nowhere = member.get("/nowhere")

    for method, path in rooms(app):
        answer = member.open(path, method=method, data={"role": "admin", "is_admin": "true", "uses": "1", "days": "1"})
        assert answer.status_code == 404, path
        if method == "GET":
            assert answer.text.partition("notice__number")[0] == nowhere.text.partition("notice__number")[0], path
    assert rows(app) == before


def test_a_stranger_is_led_to_where_one_signs_in(app: Flask) -> None:
    for method, path in rooms(app):
        answer = app.test_client().open(path, method=method)
        assert answer.status_code in {303, 401}, path


def test_a_guest_of_an_open_instance_finds_nothing(app: Flask) -> None:
    change(app, access="open")
    guest = app.test_client()
    guest.post("/conversations", data={"text": "Hello?"})

    for method, path in rooms(app):
        assert guest.open(path, method=method).status_code == 404, path


@pytest.mark.parametrize("change", ["suspend", "demote", "remove"])
def test_an_admin_who_lost_the_right_is_out_at_the_next_request(app: Flask, admin: FlaskClient, change: str) -> None:
    """OW 26-44553: a revoked role still counted."""
    database = app.extensions["rivulet"].database
    account(database, "cid@example.org", "admin")
    me = id_of(app, ADMIN)
    assert admin.get("/admin/people").status_code == 200

    if change == "demote":
        roles.change(database, "command line", me, "member")
    else:
        {"suspend": roles.suspend, "remove": roles.remove}[change](database, "command line", me)

    assert admin.get("/admin/people").status_code == 303
    assert admin.post(f"/admin/people/{me}/role", data={"role": "admin"}).status_code in {303, 401}


def test_a_member_who_becomes_an_admin_signs_in_anew(app: Flask, admin: FlaskClient, member: FlaskClient) -> None:
    """A session id from before a change of rights must not stay valid after it."""
    answer = admin.post(f"/admin/people/{id_of(app, MEMBER)}/role", data={"role": "admin"})

    assert answer.headers["Location"] == "/admin/people?done=role"
    assert member.get("/admin/people").status_code == 303


def test_no_page_of_an_admin_shows_what_others_say(app: Flask, admin: FlaskClient, member: FlaskClient) -> None:
    """An admin must not read members' messages."""
    member.post("/conversations", data={"text": "My diary: I like the sea"}, headers={"Accept": "text/plain"})

    for path in ["/conversations/1", "/conversations/1.md", "/messages/1.md", "/replies/2/generation"]:
        assert admin.get(path).status_code == 404, path
    for method, path in rooms(app):
        if method == "GET":
            assert "diary" not in admin.get(path).text, path
