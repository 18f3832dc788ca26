"""Test the guards of every request: their order, and that no other module adds one."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient

from chat.web import hooks
from tests.team import change

BEFORE = [
    "security.refuse_during_outage",
    "security.refuse_unknown_hosts",
    "security.refuse_remote_visitors",
    "security.refuse_other_sites",
    "request_body.refuse_broken_bodies",
    "current_user.refresh_session",
    "proxy_login.apply_header",  # before any code looks up the user
    "access.require_member",
    "access.hide_admin_pages",  # after it: a stranger gets the sign-in page, not a 404
]
# They run on responses that could not be spooled, too.
AFTER = ["time_zones.remember_zone", "spool.spool_long_answer", "security.add_headers"]


def names(functions) -> list[str]:
    """Name functions by module and name."""
    return [f"{function.__module__.removeprefix('chat.web.')}.{function.__name__}" for function in functions]


def test_the_guards_stand_in_this_order() -> None:
    assert names(hooks.BEFORE) == BEFORE
    assert names(hooks.AFTER) == AFTER


def test_an_app_runs_the_guards_of_the_list_and_no_others(app: Flask) -> None:
    assert names(app.before_request_funcs[None]) == BEFORE
    assert names(reversed(app.after_request_funcs[None])) == AFTER


def test_an_earlier_guard_answers_first(team_app: Flask) -> None:
    change(team_app, trusted_hosts=("chat.example.org",))
    client: FlaskClient = team_app.test_client()
    other_name, other_site = {"Host": "evil.example"}, {"Host": "chat.example.org", "Sec-Fetch-Site": "cross-site"}

    assert client.post("/conversations", headers=other_name | {"Sec-Fetch-Site": "cross-site"}).status_code == 400
    assert client.post("/conversations", headers=other_site).status_code == 403
    assert client.post("/conversations", headers={"Host": "chat.example.org"}).status_code == 401
    assert client.get("/admin", headers={"Host": "chat.example.org"}).status_code == 303
