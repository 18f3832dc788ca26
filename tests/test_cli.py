"""Test flask user and flask invite, in a shell beside the server."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import click
import pytest
from click.testing import Result
from flask import Flask

import app as front_door
from chat import cli
from chat.people import accounts, audit, invites, password_resets, passwords
from tests.team import PASSWORD, account, change, signed_in

EMAIL = "bob@example.org"


@pytest.fixture
def app(team_app: Flask) -> Flask:
    """An app that a team shares."""
    return team_app


def typed(app: Flask, *arguments: str, answers: str | None = None) -> Result:
    """Run a command."""
    return app.test_cli_runner().invoke(args=list(arguments), input=answers)


def noted(app: Flask) -> list[tuple[str, str, str]]:
    """Read the audit log, newest first."""
    return [(row.actor, row.action, row.subject) for row in audit.page(app.extensions["rivulet"].database)]


def test_a_person_is_added_and_sets_their_password_by_the_link(app: Flask) -> None:
    done = typed(app, "user", "add", "Bob@Example.org", "--name", "Bob\nMarsh")

    bob = accounts.by_email(app.extensions["rivulet"].database, EMAIL)
    token = done.stdout.strip().removeprefix("http://localhost:8000/resets/")
    assert (done.exit_code, done.stdout.count("\n")) == (0, 1)
    assert bob and (bob.role, bob.name, bob.password) == ("member", "Bob Marsh", None)
    assert password_resets.find(app.extensions["rivulet"].database, token)
    assert noted(app) == [("command line", "reset_made", EMAIL), ("command line", "person_added", f"{EMAIL}, member")]


def test_an_admin_is_added_with_a_password_that_is_asked_for(app: Flask) -> None:
    done = typed(app, "user", "add", EMAIL, "--admin", "--password", answers=f"{PASSWORD}\n{PASSWORD}\n")

    bob = accounts.by_email(app.extensions["rivulet"].database, EMAIL)
    assert done.exit_code == 0
    assert bob and bob.role == "admin" and passwords.matches(bob.password, PASSWORD)
    assert PASSWORD not in done.output and "resets" not in done.output


def test_a_name_is_changed(app: Flask) -> None:
    account(app.extensions["rivulet"].database, EMAIL)

    done = typed(app, "user", "name", "Bob@Example.org", "Bob\nMarsh")

    bob = accounts.by_email(app.extensions["rivulet"].database, EMAIL)
    assert (done.exit_code, done.stdout) == (0, "") and bob and bob.name == "Bob Marsh"
    assert noted(app) == [("command line", "name_changed", f"{EMAIL}, Bob Marsh")]


@pytest.mark.parametrize("poor", ["boboakhollow", "bob@example.org"])
def test_a_password_that_is_asked_for_is_judged(app: Flask, poor: str) -> None:
    done = typed(app, "user", "add", EMAIL, "--name", "Bob Oakhollow", "--password", answers=f"{poor}\n{poor}\n")

    assert done.exit_code == 1 and accounts.by_email(app.extensions["rivulet"].database, EMAIL) is None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["user", "add", "nobody"], "Enter a valid email"),
        (["user", "add", EMAIL], "already has an account."),
        (["user", "reset", "eve@example.org"], "No account with the email eve@example.org."),
        (["user", "suspend", "eve@example.org"], "No account"),
        (["user", "name", "eve@example.org", "Eve"], "No account"),
        (["user", "suspend", "ann@example.org"], "ann@example.org is the only admin."),
        (["user", "role", "eve@example.org", "admin"], "No account with the email eve@example.org."),
        (["user", "role", "ann@example.org", "member"], "ann@example.org is the only admin."),
        (["invite", "--days", "0"], "Choose 1 to 90 days."),
        (["invite", "--uses", "101"], "Choose 1 to 100 uses."),
        (["invite", "--email", "nobody"], "Enter a valid email"),
    ],
)
def test_what_cannot_be_done_ends_in_a_sentence(app: Flask, arguments: list[str], says: str) -> None:
    account(app.extensions["rivulet"].database, "ann@example.org", "admin")
    account(app.extensions["rivulet"].database, EMAIL)

    tried = typed(app, *arguments)

    assert (tried.exit_code, tried.stdout) == (1, "")
    assert tried.stderr.startswith("Error: ") and says in tried.stderr and tried.stderr.count("\n") == 1
    assert noted(app) == []


def test_a_password_that_is_too_easy_adds_nobody(app: Flask) -> None:
    tried = typed(app, "user", "add", EMAIL, "--password", answers="password1\npassword1\n")

    assert tried.exit_code == 1 and "Error: This password is too easy" in tried.stderr
    assert accounts.by_email(app.extensions["rivulet"].database, EMAIL) is None


def test_somebody_is_suspended_and_let_in_again(app: Flask) -> None:
    bob = signed_in(app, EMAIL)

    out = typed(app, "user", "suspend", "BOB@example.org")
    suspended = bob.get("/").status_code
    listed = typed(app, "user", "list").stdout
    back = typed(app, "user", "reinstate", EMAIL)

    assert (out.exit_code, back.exit_code, suspended) == (0, 0, 303)
    assert "suspended" in listed
    assert noted(app)[:2] == [("command line", "resumed", EMAIL), ("command line", "suspended", EMAIL)]


def test_a_role_is_given_and_taken_and_signs_out(app: Flask) -> None:
    account(app.extensions["rivulet"].database, "ann@example.org", "admin")
    bob = signed_in(app, EMAIL)

    given = typed(app, "user", "role", "BOB@example.org", "admin")
    before = bob.get("/account").status_code
    admin = signed_in(app, EMAIL).get("/admin/people").status_code
    taken = typed(app, "user", "role", EMAIL, "member")

    assert (given.exit_code, taken.exit_code, before, admin) == (0, 0, 303, 200)
    assert given.stdout == taken.stdout == ""
    assert signed_in(app, EMAIL).get("/admin/people").status_code == 404
    roles = [(actor, subject) for actor, action, subject in noted(app) if action == "role_changed"]
    assert roles == [("command line", f"{EMAIL} is now {role}") for role in ("a member", "an admin")]


def test_people_are_listed_in_columns_a_line_each(app: Flask) -> None:
    signed_in(app, "zoe@example.org")
    with app.extensions["rivulet"].database.write() as connection:
        accounts.create(connection, "eve@example.org", "admin", None, "Eve\nroot\x1b[31m")

    lines = typed(app, "user", "list").stdout.splitlines()

    assert re.fullmatch(r"EMAIL +ROLE +STATE +LAST ACTIVE \(UTC\) +NAME", lines[0])
    assert re.fullmatch(r"eve@example.org +admin +active +never +Eve root \[31m", lines[1])
    assert re.fullmatch(r"zoe@example.org +member +active +\d{4}-\d\d-\d\d \d\d:\d\d", lines[2])
    assert len(lines) == 3


def test_an_invite_is_printed_by_itself(app: Flask) -> None:
    done = typed(app, "invite", "--role", "admin", "--days", "2", "--uses", "3")

    invite = invites.find(
        app.extensions["rivulet"].database, done.stdout.strip().removeprefix("http://localhost:8000/invites/")
    )
    assert (invite.role, invite.uses_left, invite.made_by) == ("admin", 3, None)
    assert "Invite for 3 admins, valid for 2 days:" in done.stderr
    assert noted(app) == [("command line", "invite_made", "admin")]


def test_a_link_begins_as_the_settings_say(app: Flask) -> None:

    change(app, host="0.0.0.0")
    unknown = typed(app, "invite").stdout
    change(app, app_url="https://chat.example.org")
    known = typed(app, "invite").stdout

    assert unknown.startswith("/invites/") and known.startswith("https://chat.example.org/invites/")


def test_a_command_takes_up_no_answers_of_others(tmp_path: Path) -> None:
    """A short-lived process would abandon the replies again, and each adoption is counted."""
    before = set(threading.enumerate())
    with click.Context(click.Command("flask"), info_name="flask"):
        app = front_door.create_app({"INSTANCE": str(tmp_path), "LOCAL_MODEL": "off"})
        served = cli.serves()
    app.extensions["rivulet"].database.dispose()

    assert not served
    assert "adoption" not in {thread.name for thread in set(threading.enumerate()) - before}
    assert cli.serves()
    with click.Context(click.Command("run"), info_name="run"):
        assert cli.serves()
