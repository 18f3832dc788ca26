"""Test how an admin creates and revokes invites."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chat.people import audit, invites
from chat.storage.tables import invites as table
from tests.routes.admin.conftest import ADMIN
from tests.turns import count

FORM = {"role": "member", "days": "7", "uses": "1", "emails": ""}
TWO = "Ann Lee <dora@example.org>; eve@example.org,\n\nDORA@example.org "


def made(admin: FlaskClient, **form: str) -> str:
    """Create an invite; return its token."""
    page = admin.post("/admin/invites", data=FORM | form)
    assert page.status_code == 200 and page.headers["Cache-Control"] == "no-store, no-transform"
    return re.findall(r"http://localhost/invites/([\w-]{43})<", page.text)[0]


def test_a_link_is_shown_once(app: Flask, admin: FlaskClient) -> None:
    token = made(admin, role="admin", uses="3")

    assert invites.find(app.extensions["rivulet"].database, token).uses_left == 3
    for path in ["/admin/invites", "/admin/audit", "/admin/audit.csv"]:
        assert token not in admin.get(path).text
    noted = audit.page(app.extensions["rivulet"].database)[0]
    assert (noted.actor, noted.action, noted.subject) == (ADMIN, "invite_made", "admin")


def test_open_invites_are_listed_and_revoked(app: Flask, admin: FlaskClient) -> None:
    token = made(admin, emails=" Eve@Example.org ")
    page = admin.get("/admin/invites").text

    answer = admin.post(re.findall(r'action="(/admin/invites/\d+/revocation)"', page)[0])

    assert "eve@example.org" in page and "1 use left" in page
    assert answer.headers["Location"] == "/admin/invites?done=revoked"
    assert "No pending invites." in admin.get(answer.headers["Location"]).text
    assert app.test_client().get(f"/invites/{token}").status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "guest"},
        {"days": "0"},
        {"days": "1e3"},
        {"days": ""},
        {"uses": "101"},
        {"uses": "-1"},
        {"uses": "١"},
        {"uses": "9" * 5000},
        {"emails": "nobody"},
        {"emails": "eve@example.org, nobody"},
        {"emails": f"eve@example.org, {ADMIN}"},
        {"emails": ", ".join(f"p{number}@example.org" for number in range(51))},
    ],
)
def test_a_wrong_wish_is_told_and_kept(app: Flask, admin: FlaskClient, wrong: dict[str, str]) -> None:
    answer = admin.post("/admin/invites", data=FORM | {"days": "21"} | wrong)

    assert answer.status_code == 400
    assert 'role="alert"' in answer.text and 'class="unfold" open' in answer.text
    assert "days" in wrong or 'value="21"' in answer.text
    assert count(app.extensions["rivulet"].database, table) == 0


def test_a_form_with_nothing_in_it_makes_what_is_safe(app: Flask, admin: FlaskClient) -> None:
    admin.post("/admin/invites")

    (row,) = invites.list_open(app.extensions["rivulet"].database)

    assert (row.role, row.uses_left, row.expires_at - row.created_at) == ("member", 1, 7 * 86_400)


def test_each_of_several_emails_gets_a_link_of_its_own_that_works_once(app: Flask, admin: FlaskClient) -> None:
    page = admin.post("/admin/invites", data=FORM | {"emails": TWO, "uses": "5", "days": "3"}).text

    tokens = re.findall(r"http://localhost/invites/([\w-]{43})<", page)
    found = [invites.find(app.extensions["rivulet"].database, token) for token in tokens]
    assert [(row.email, row.uses_left) for row in found] == [("dora@example.org", 1), ("eve@example.org", 1)]
    assert page.count('class="copy') == 2 and "expires in 3 days" in page
    assert [row.subject for row in audit.page(app.extensions["rivulet"].database)[:2]] == [
        "member, for eve@example.org",
        "member, for dora@example.org",
    ]


@pytest.mark.parametrize(
    ("emails", "problem"),
    [
        ("eve@example.org, nobody, x@&b", "These emails aren&#39;t valid: nobody, x@&amp;b."),
        ("nobody", "This email isn&#39;t valid: nobody."),
        (f"eve@example.org\n{ADMIN}", f"This email already has an account: {ADMIN}."),
        (
            "<eve@example.org, bob@example.org>",
            "These emails aren&#39;t valid: &lt;eve@example.org, bob@example.org&gt;.",
        ),
        ("Eve <eve@example.org> nobody@", "This email isn&#39;t valid: nobody@."),
        ("a@example.org " * 51, "Invite up to 50 people at once."),
    ],
)
def test_a_wrong_email_is_named_and_nobody_is_invited(
    app: Flask, admin: FlaskClient, emails: str, problem: str
) -> None:
    page = admin.post("/admin/invites", data=FORM | {"emails": emails}).text

    assert f"{problem} No invite was created." in page
    assert count(app.extensions["rivulet"].database, table) == 0


def test_nobody_on_a_line_of_names_and_emails_is_left_out(admin: FlaskClient) -> None:
    page = admin.post(
        "/admin/invites", data=FORM | {"emails": "Ann Lee <dora@example.org> Bob <eve@example.org> fay@example.org"}
    )

    assert re.findall(r"<strong>(\w+)@example.org", page.text) == ["dora", "eve", "fay"]


def test_another_invite_for_an_email_revokes_the_earlier_one(app: Flask, admin: FlaskClient) -> None:
    first, second = made(admin, emails="eve@example.org"), made(admin, emails="eve@example.org")

    statuses = [app.test_client().get(f"/invites/{token}").status_code for token in (first, second)]

    assert statuses == [404, 303] and admin.get("/admin/invites").text.count("Revoke") == 1
    actions = [row.action for row in audit.page(app.extensions["rivulet"].database)]
    assert actions[:3] == ["invite_made", "invite_revoked", "invite_made"]


def test_pending_invites_come_first_and_the_form_waits_behind_a_button(admin: FlaskClient) -> None:
    empty = admin.get("/admin/invites").text
    made(admin)

    assert 'class="unfold" open' in empty
    assert 'class="unfold" open' not in admin.get("/admin/invites").text


def test_an_invite_that_there_is_not_is_not_revoked(admin: FlaskClient) -> None:
    assert admin.post("/admin/invites/999/revocation").status_code == 404
