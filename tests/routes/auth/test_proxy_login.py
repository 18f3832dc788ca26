"""Test sign-in through the headers of a proxy in front."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from chat.config import WrongSetting
from chat.people import first_admin
from chat.storage.database import Database
from chat.storage.tables import audit, people, sessions
from tests.asking import begin, ended
from tests.scripted import PATIENCE, Scripted
from tests.serving import KEY, Gunicorn, gunicorn, upstream
from tests.team import account, change, sign_in, team
from tests.turns import count

HEADER = {"AUTH_HEADER": "X-Forwarded-Email", "TRUSTED_PROXIES": "1"}


@pytest.fixture
def app(tmp_path: Path, provider: Scripted) -> Iterator[Flask]:
    """An app behind a proxy that names the user."""
    app = team(tmp_path, provider, **HEADER)
    yield app
    app.extensions["rivulet"].database.dispose()


def said(email: str | None, passed: str | None = "203.0.113.7") -> dict[str, str]:
    """Return the headers that the proxy adds."""
    told = {"X-Forwarded-Email": email, "X-Forwarded-For": passed}
    return {name: value for name, value in told.items() if value is not None}


def seen(client: FlaskClient, **headers: Any) -> Any:
    """Open the account page; return the response."""
    return client.get("/account", headers=said(**headers))


def test_whom_the_proxy_names_is_let_in_and_made_a_member(app: Flask) -> None:
    client = app.test_client()

    pages = [seen(client, email="Ann@Example.org") for _ in range(2)]

    assert all("ann@example.org" in page.text and "Sign out there" in page.text for page in pages)
    database: Database = app.extensions["rivulet"].database
    assert count(database, people) == count(database, sessions) == 1
    with database.read() as connection:
        noted = [(row.action, row.subject) for row in connection.execute(audit.select())]
    assert noted == [("account_made", "through the proxy"), ("signed_in", "through the proxy")]


def test_a_client_without_cookies_leaves_fifty_sessions_at_most_and_one_line_in_the_audit_log(app: Flask) -> None:
    """A probe behind the proxy created a session and a log line with each request."""
    account(app.extensions["rivulet"].database)
    client = app.test_client(use_cookies=False)

    answers = {seen(client, email="ann@example.org").status_code for _ in range(60)}

    assert answers == {200}
    assert (
        count(app.extensions["rivulet"].database, sessions) == 50
        and count(app.extensions["rivulet"].database, audit) == 1
    )


def test_who_comes_an_hour_later_is_noted_again(app: Flask) -> None:
    account(app.extensions["rivulet"].database)
    for past in (0, 3_000, 3_601):
        with app.extensions["rivulet"].database.write() as connection:
            connection.execute(update(sessions).values(created_at=sessions.c.created_at - past))
        seen(app.test_client(), email="ann@example.org")

    assert count(app.extensions["rivulet"].database, audit) == 2


def test_an_account_that_is_there_is_theirs_with_its_role(app: Flask) -> None:
    account(app.extensions["rivulet"].database, role="admin")

    assert app.test_client().get("/admin/people", headers=said("ann@example.org")).status_code == 200


def test_another_name_is_another_person_at_the_next_request(app: Flask) -> None:
    client = app.test_client()
    conversation = begin_as(client, "ann@example.org")

    answer = client.get(f"/conversations/{conversation}", headers=said("bob@example.org"))

    assert answer.status_code == 404
    assert "bob@example.org" in seen(client, email="bob@example.org").text
    assert client.get(f"/conversations/{conversation}", headers=said("ann@example.org")).status_code == 200


def begin_as(client: FlaskClient, email: str) -> int:
    """Begin a conversation as a user."""
    client.environ_base |= {"HTTP_X_FORWARDED_EMAIL": email, "HTTP_X_FORWARDED_FOR": "203.0.113.7"}
    conversation = begin(client)
    ended(client, conversation)
    for name in ("HTTP_X_FORWARDED_EMAIL", "HTTP_X_FORWARDED_FOR"):
        del client.environ_base[name]
    return conversation


@pytest.mark.parametrize("email", [None, "", "  "])
def test_whom_the_proxy_names_no_more_is_signed_out(app: Flask, email: str | None) -> None:
    client = app.test_client()
    seen(client, email="ann@example.org")

    answer = seen(client, email=email)

    assert answer.status_code == 303 and answer.headers["Location"].startswith("/sign-in")
    assert count(app.extensions["rivulet"].database, sessions) == 0
    unnamed = client.get("/sign-in", headers=said(email))
    assert unnamed.status_code == 403 and unnamed.mimetype == "text/html"


def test_who_is_suspended_stays_out_and_ends_what_was_open(app: Flask) -> None:
    """OW 26-59219, ALLM 26-32717: the proxy's sign-in checks the suspension, too."""
    client = app.test_client()
    seen(client, email="ann@example.org")
    with app.extensions["rivulet"].database.write() as connection:
        connection.execute(update(people).values(suspended_at=1))

    answers = [seen(client, email="ann@example.org"), seen(app.test_client(), email="ann@example.org")]

    assert [answer.status_code for answer in answers] == [403, 403] and "suspended" in answers[0].text


@pytest.mark.parametrize(
    "email",
    [
        "ann@example.org,bob@example.org",
        "x,ann@example.org",
        "ann",
        "ann@",
        "ann@example.org@evil.example",
        "ann b@example.org",
        "\u00e4nn@example.org",
        "a" * 250 + "@example.org",
    ],
)
def test_what_names_nobody_or_two_is_refused(app: Flask, email: str) -> None:
    """OW 26-45339: a second header doesn't slip past the first."""
    client = app.test_client()

    answer = client.get("/account", environ_overrides=raw(email))

    assert answer.status_code == 403 and count(app.extensions["rivulet"].database, people) == 0


def raw(email: str) -> dict[str, str]:
    """Return the headers as a server passes them on."""
    return {"HTTP_X_FORWARDED_EMAIL": email.encode().decode("latin-1"), "HTTP_X_FORWARDED_FOR": "203.0.113.7"}


@pytest.mark.parametrize(
    ("proxies", "passed", "peer", "believed"),
    [
        ("1", "203.0.113.7", "127.0.0.1", True),
        ("1", "203.0.113.7", "10.0.0.2", True),
        ("1", "203.0.113.7", "100.64.0.2", True),
        ("1", "203.0.113.7", "fd00::2", True),
        ("1", "203.0.113.7", "::ffff:10.0.0.2", True),
        ("1", "203.0.113.7", "", True),
        ("2", "203.0.113.7, 10.0.0.3", "127.0.0.1", True),
        ("1", None, "127.0.0.1", False),
        ("1", " , ", "127.0.0.1", False),
        ("2", "203.0.113.7", "127.0.0.1", False),
        ("1", "203.0.113.7", "8.8.8.8", False),
        ("1", "127.0.0.1", "2001:4860:4860::8888", False),
        ("1", "203.0.113.7", "::ffff:8.8.8.8", False),
        ("1", "203.0.113.7", "somewhere", False),
    ],
)
def test_it_is_believed_of_what_can_be_the_proxy(
    tmp_path: Path, proxies: str, passed: str | None, peer: str, believed: bool
) -> None:
    app = team(tmp_path, **HEADER | {"TRUSTED_PROXIES": proxies})

    answer = app.test_client().get(
        "/account", headers=said("ann@example.org", passed), environ_base={"REMOTE_ADDR": peer}
    )

    assert answer.status_code == (200 if believed else 303)
    app.extensions["rivulet"].database.dispose()


def test_without_the_setting_the_header_is_nothing(tmp_path: Path) -> None:
    app = team(tmp_path, TRUSTED_PROXIES="1")

    assert seen(app.test_client(), email="ann@example.org").status_code == 303


def test_only_those_of_the_domains_are_let_in_where_some_are_set(tmp_path: Path) -> None:
    app = team(tmp_path, **HEADER, AUTH_DOMAINS="example.org")

    answers = [seen(app.test_client(), email=f"ann@{host}") for host in ("EXAMPLE.org", "evil-example.org", "a.b")]

    assert [answer.status_code for answer in answers] == [200, 403, 403]


def test_a_password_lets_nobody_in_beside_the_proxy(app: Flask) -> None:
    account(app.extensions["rivulet"].database)
    client = app.test_client()

    alone = sign_in(client)
    named = client.post("/sign-in", data={"email": "ann@example.org"}, headers=said("bob@example.org"))

    assert alone.status_code == 403 and "identify you" in alone.text
    assert named.status_code == 303 and named.headers["Location"] == "/"
    assert count(app.extensions["rivulet"].database, sessions) == 0


def test_behind_the_proxy_the_account_offers_no_form_for_a_password_that_lets_nobody_in(app: Flask) -> None:
    account(app.extensions["rivulet"].database)

    page = seen(app.test_client(), email="ann@example.org").text

    assert "Save name" in page and 'type="password"' not in page


def claim_of(app: Flask) -> str:
    """Return the address of the first admin's link."""
    token = first_admin.token(app.extensions["rivulet"].database, str(app.secret_key))
    assert token
    return f"/claim/{token}"


@pytest.mark.parametrize("been_here", [False, True])
def test_the_link_makes_whom_the_proxy_names_the_first_admin(app: Flask, been_here: bool) -> None:
    """An admin claimed with another address could never sign in, and the link was used up."""
    client = app.test_client()
    if been_here:
        seen(client, email="ann@example.org")
    page = client.get(claim_of(app), headers=said("ann@example.org"), follow_redirects=True)

    form = {"email": "bob@example.org", "password": "a river bends twice"}
    answer = client.post("/claim", data=form, headers=said("Ann@example.org"))

    assert "ann@example.org" in page.text and "<input name=" not in page.text
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert client.get("/admin/people", headers=said("ann@example.org")).status_code == 200
    database: Database = app.extensions["rivulet"].database
    assert count(database, people) == count(database, sessions) == 1
    with database.read() as connection:
        noted = list(connection.execute(audit.select()).mappings())
    assert [row["action"] for row in noted if row["actor"] == "ann@example.org"].count("account_claimed") == 1


@pytest.mark.parametrize(("email", "status"), [("ann@example.org", 303), ("bob@example.org", 404), (None, 404)])
def test_who_clicks_twice_is_the_admin_and_in_and_nobody_else(app: Flask, email: str | None, status: int) -> None:
    first, second = app.test_client(), app.test_client()  # one browser, which has not read the first answer yet
    address = claim_of(app)
    for client in (first, second):
        client.get(address, headers=said("ann@example.org"))
    first.post("/claim", headers=said("ann@example.org"))

    answer = second.post("/claim", headers=said(email))

    assert answer.status_code == status


@pytest.mark.parametrize("email", [None, "ann@example.org,bob@example.org", "ann", "ann@evil.example"])
def test_where_the_proxy_names_nobody_who_may_come_in_the_link_is_not_used_up(app: Flask, email: str | None) -> None:
    change(app, auth_domains=("example.org",))
    client, address = app.test_client(), claim_of(app)
    client.get(address, headers=said(email))

    answer = client.post("/claim", data={"email": "a@example.org", "password": "a boat"}, headers=said(email))

    assert answer.status_code == 403 and answer.mimetype == "text/html"
    assert count(app.extensions["rivulet"].database, people) == 0
    assert client.get(address, headers=said("ann@example.org")).status_code == 303


def test_whom_the_proxy_does_not_name_is_told_so_at_the_link(app: Flask) -> None:
    client = app.test_client()

    page = client.get(claim_of(app), headers=said(None), follow_redirects=True)

    assert page.status_code == 403 and "identify you" in page.text


@pytest.mark.parametrize(
    "environ",
    [
        {"TRUSTED_PROXIES": "0"},
        {"ACCESS": "open"},
        {"OIDC_ISSUER": "https://sign-in.example.org", "OIDC_CLIENT_ID": "rivulet"},
    ],
    ids=str,
)
def test_the_start_is_refused_where_the_header_can_not_be_believed(tmp_path: Path, environ: dict[str, str]) -> None:
    with pytest.raises(WrongSetting, match="AUTH_HEADER"):
        team(tmp_path, **HEADER | environ)


@pytest.mark.parametrize("name", ["X_Forwarded_Email", "X-Forwarded-Email:", "X Forwarded", "-", "É"])
def test_a_name_that_no_header_should_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(WrongSetting, match="AUTH_HEADER"):
        team(tmp_path, **HEADER | {"AUTH_HEADER": name})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gunicorn]:
    """The app under gunicorn, behind a proxy that a test plays."""
    with upstream() as model:
        folder = tmp_path_factory.mktemp("gunicorn")
        with gunicorn(folder, model, ACCESS="team", SECRET_KEY=KEY, **HEADER) as server:
            yield server


def asked(server: Gunicorn, *lines: str) -> str:
    """Open the account page with these header lines; return the whole answer."""
    head = "\r\n".join(["GET /account HTTP/1.1", "Host: localhost", "Connection: close", *lines, "", ""])
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as connection:
        connection.sendall(head.encode("latin-1"))
        return b"".join(iter(lambda: connection.recv(65_536), b"")).decode()


FOR, REAL, FORGED = "X-Forwarded-For: 203.0.113.7", "X-Forwarded-Email: ann@example.org", "eve@example.org"


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([FOR, REAL], "200"),
        ([FOR], "303"),
        ([REAL], "303"),
        ([FOR, REAL, f"X-Forwarded-Email: {FORGED}"], "403"),
        ([FOR, f"x-forwarded-email: {FORGED}", REAL], "403"),
        ([FOR, f"X_Forwarded_Email: {FORGED}"], "303"),
        ([FOR, f"X-Forwarded_Email: {FORGED}"], "303"),
        ([FOR, f"X_FORWARDED_EMAIL: {FORGED}", REAL], "200"),
        ([FOR, f"X-Forwarded-Email : {FORGED}"], "400"),
        ([FOR, f"X-Forwarded-Email: {FORGED}\n {FORGED}"], "400"),
        ([FOR, f"X-Forwarded-Email: {FORGED}\rX: y"], "400"),
        ([FOR, f"X-Forwarded-Email: {FORGED}\0"], "400"),
        ([FOR, f"X-Forwarded-Email: {FORGED}\r\n\tmore"], "400"),
    ],
)
def test_on_a_real_server_no_other_spelling_is_believed(server: Gunicorn, lines: list[str], status: str) -> None:
    answer = asked(server, *lines)

    assert re.match(r"HTTP/1\.1 (\d+)", answer), answer
    assert answer.split(" ")[1] == status, answer[:300]
    assert FORGED not in answer


@pytest.mark.parametrize(
    "told",
    [
        "accounts.google.com:ann@example.org",
        "accounts.google.com:Ann@Example.org",
        "securetoken.google.com/a-project/a-tenant:ann@example.org",
    ],
)
def test_what_google_puts_before_an_address_is_none_of_it(app: Flask, told: str) -> None:
    account(app.extensions["rivulet"].database)
    client = app.test_client()

    pages = [seen(client, email=told) for _ in range(2)]

    assert all(page.status_code == 200 and "ann@example.org" in page.text for page in pages)
    assert count(app.extensions["rivulet"].database, people) == count(app.extensions["rivulet"].database, sessions) == 1


@pytest.mark.parametrize(
    "told",
    [
        "accounts.google.com:",
        "other.example:ann@example.org",
        "accounts.google.com:accounts.google.com:ann@example.org",
        "Ann <ann@example.org>",
        "mailto:ann@example.org",
        "ann@example.org;bob@example.org",
        "ann@example.org@evil.example",
        "<ann@example.org>",
        '"ann"@example.org',
    ],
)
def test_what_is_no_plain_address_lets_nobody_in(app: Flask, told: str) -> None:
    account(app.extensions["rivulet"].database)

    page = seen(app.test_client(), email=told)

    assert page.status_code in {303, 403} and count(app.extensions["rivulet"].database, people) == 1
