"""Single sign-on, by a real provider that the tests run themselves."""

from __future__ import annotations

import html
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from chat.accounts import people as accounts
from chat.config import WrongSetting
from chat.openid.published import Published
from chat.providers.base import Timeouts
from chat.tables import audit, people
from tests.asking import begin, ended
from tests.openid import ABOUT, KEYS, SECRET, TOKEN, Idp, fails, key, leads_on, serving, shows_a_page
from tests.openid import PERSON as USERINFO
from tests.scripted import Scripted
from tests.serving import KEY, gunicorn, upstream
from tests.team import PASSWORD, account, sign_in, signed_in, team
from tests.turns import count

HOME = {"OIDC_DOMAINS": "example.org"}


@pytest.fixture(scope="module")
def provider_there() -> Iterator[Idp]:
    """The provider of all tests here."""
    with serving() as idp:
        yield idp


@pytest.fixture
def idp(provider_there: Idp) -> Idp:
    """That provider, which knows Ann, without what earlier tests did to it."""
    provider_there.reset()
    return provider_there


@pytest.fixture
def app(tmp_path: Path, idp: Idp) -> Iterator[Flask]:
    """An app whose people of example.org sign in there."""
    app = team(tmp_path, **idp.settings(**HOME))
    yield app
    app.extensions["database"].engine.dispose()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, provider_there: Idp) -> Iterator[Flask]:
    """An app like that, for the many tests of what lets nobody in."""
    app = team(tmp_path_factory.mktemp("kept"), **provider_there.settings(**HOME))
    yield app
    app.extensions["database"].engine.dispose()


@pytest.fixture
def shut(kept: Flask) -> Iterator[Flask]:
    """That app, which has not asked the provider yet; at the end, nobody has an account there."""
    kept.extensions["openid"].published = Published(kept.extensions["settings"]["OIDC_ISSUER"], SECRET)
    yield kept
    assert count(kept.extensions["database"], people) == 0


def address_in(page: str) -> str:
    """Read where the page leads."""
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page)
    assert found, page
    return html.unescape(found[1])


def there(client: FlaskClient, start: str = "/sign-in/openid", **form: str) -> str:
    """Go to the provider as a browser does; gives the address that it sends the browser back to."""
    answer = client.post(start, data=form)
    assert answer.status_code == 200, answer.text
    answer = requests.get(address_in(answer.text), allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def back(client: FlaskClient, address: str) -> Any:
    """Come back; gives the app's answer."""
    parsed = urlsplit(address)
    return client.get(f"{parsed.path}?{parsed.query}")


def through(client: FlaskClient, **form: str) -> Any:
    """Sign in, there and back; gives the app's answer."""
    return back(client, there(client, **form))


def person(app: Flask, email: str = "ann@example.org") -> Any:
    """Find somebody, with all that is stored of them."""
    with app.extensions["database"].read() as connection:
        return connection.execute(people.select().where(people.c.email == email)).first()


def test_somebody_of_an_allowed_domain_becomes_a_member_and_is_known_the_next_time(app: Flask, idp: Idp) -> None:
    client = app.test_client()

    first = through(client, next="/conversations/1?at=2")
    second = through(app.test_client())

    assert (first.status_code, first.headers["Location"]) == (303, "/conversations/1?at=2")
    assert second.status_code == 303 and client.get("/").status_code == 200
    ann = person(app)
    assert (ann.role, ann.name, ann.password, ann.subject) == ("member", "Ann", None, f"{idp.issuer} 7")
    assert count(app.extensions["database"], people) == 1


def test_the_page_that_leads_there_asks_for_pkce_state_and_nonce(app: Flask, idp: Idp) -> None:
    client = app.test_client()

    asked = [parse_qs(urlsplit(address_in(client.post("/sign-in/openid").text)).query) for _ in range(2)]

    assert asked[0]["redirect_uri"] == ["http://localhost/sign-in/openid/callback"]
    assert asked[0]["code_challenge_method"] == ["S256"] and asked[0]["response_type"] == ["code"]
    for random in ("state", "nonce", "code_challenge"):
        assert asked[0][random] != asked[1][random] and len(asked[0][random][0]) >= 43


def test_a_link_from_elsewhere_begins_nothing(app: Flask) -> None:
    assert app.test_client().get("/sign-in/openid").status_code in {303, 404, 405}
    assert app.test_client().post("/sign-in/openid", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_the_address_of_the_return_is_of_app_url_where_that_is_set(tmp_path: Path, idp: Idp) -> None:
    app = team(tmp_path, **idp.settings(APP_URL="https://chat.example.org"), TRUSTED_HOSTS="other.example")

    page = app.test_client().post("/sign-in/openid", headers={"Host": "other.example"}).text

    assert parse_qs(urlsplit(address_in(page)).query)["redirect_uri"] == [
        "https://chat.example.org/sign-in/openid/callback"
    ]


def test_signing_in_gives_another_session_id_and_takes_what_a_guest_said_along(
    tmp_path: Path, idp: Idp, provider: Scripted
) -> None:
    """Session fixation: an id from before the sign-in isn't the signed-in one."""
    app = team(tmp_path, provider, ACCESS="open", **idp.settings(**HOME))
    client, thief = app.test_client(), app.test_client()
    conversation = begin(client, "Said as a guest")
    ended(client, conversation)
    before = client.get_cookie("rivulet")
    assert before
    thief.set_cookie("rivulet", before.value)

    through(client)

    after = client.get_cookie("rivulet")
    assert after and after.value != before.value
    assert "Said as a guest" in client.get(f"/conversations/{conversation}").text
    assert thief.get(f"/conversations/{conversation}").status_code == 404


@pytest.mark.parametrize("place", ["//evil.example", "/\\evil.example", "https://evil.example", "/sign-in"])
def test_nobody_is_led_to_another_site_by_signing_in(app: Flask, place: str) -> None:
    """Open redirect: LB 25-59426, GR 24-4940."""
    assert through(app.test_client(), next=place).headers["Location"] == "/"


DRAFT = {"text": "What I wrote\nfor long", "next": "/conversations/7"}


def test_a_draft_waits_in_its_tab_until_somebody_has_signed_in_in_another_one(app: Flask) -> None:
    """Without a script it was lost: what is taken along there has no room for it."""
    client = app.test_client()
    page = client.post("/conversations", data=DRAFT, headers={"Accept": "text/html"})

    early = client.post("/sign-in", data=DRAFT | {"on": "1", "email": "ann@example.org"})
    through(client)
    late = client.post("/sign-in", data=DRAFT | {"on": "1"})

    for shown in (page, early):
        assert 'action="/sign-in/openid" target="_blank" rel="noopener"' in shown.text
        assert "What I wrote\nfor long</textarea>" in shown.text
    assert (page.status_code, early.status_code, late.status_code) == (401, 403, 200)
    assert "You aren&#39;t signed in yet" in early.text and 'value="ann@example.org"' in early.text
    assert 'action="/conversations/7/messages' in late.text and "What I wrote\nfor long</textarea>" in late.text
    assert "_blank" not in client.get("/sign-in").text


UNTRUE: list[dict[str, Any]] = [
    {"nonce": "another"},
    {"nonce": None},
    {"aud": "another-app"},
    {"aud": ["another-app", "and-another"]},
    {"aud": None},
    {"azp": "another-app"},
    {"iss": "https://another.example"},
    {"iss": None},
    {"exp": 1_000_000_000},
    {"exp": None},
    {"exp": "never"},
    {"iat": 9_000_000_000},
    {"nbf": 9_000_000_000},
    {"at_hash": "bm90IHRoYXQgb25l"},
    {"sub": None},
    {"sub": ""},
    {"sub": 7},
    {"sub": "7" * 256},
    {"email": ["ann@example.org"]},
]


@pytest.mark.parametrize("untrue", UNTRUE, ids=str)
def test_a_token_that_says_something_else_signs_nobody_in(shut: Flask, idp: Idp, untrue: dict[str, Any]) -> None:
    idp.untrue = untrue

    answer = through(shut.test_client())

    assert answer.status_code == 400 and "you were not signed in" in answer.text
    assert "rivulet=" not in answer.headers.get("Set-Cookie", "")


@pytest.mark.parametrize("way", ["unsigned", "signed_by_what_all_know", "signed_by_the_secret", "signed_by_another"])
def test_a_token_that_the_provider_did_not_sign_signs_nobody_in(shut: Flask, idp: Idp, way: str) -> None:
    """LB 24-24566: what isn't proven is not believed. `none`, HS256 with what is public, and another one's key."""
    idp.sign = getattr(idp, way)

    answer = through(shut.test_client())

    assert answer.status_code == 400 and "could not be verified" in answer.text


@pytest.mark.parametrize("token", ["", "a.b.c", "...", "é", "e30.e30.e30"])
def test_what_is_no_token_signs_nobody_in(shut: Flask, idp: Idp, token: str) -> None:
    idp.sign = lambda _: token

    assert through(shut.test_client()).status_code == 400


def test_a_provider_may_change_its_key(app: Flask, idp: Idp) -> None:
    assert through(app.test_client()).status_code == 303
    idp.key = key("second")

    assert through(app.test_client()).status_code == 303


def test_what_is_published_is_asked_for_once(app: Flask, idp: Idp) -> None:
    for _ in range(3):
        through(app.test_client())

    asked = [path for path, _ in idp.asked]
    assert asked.count(ABOUT) == asked.count(KEYS) == 1


def test_a_return_that_nobody_left_for_signs_nobody_in(app: Flask) -> None:
    """Login CSRF: somebody else's return, in a browser that did not leave, or that left for another one."""
    ours, other = app.test_client(), app.test_client()
    theirs = there(other)

    assert back(ours, theirs).status_code == 400
    there(ours)
    assert back(ours, theirs).status_code == 400
    assert ours.get("/").status_code == 303


@pytest.mark.parametrize(
    "change", [("state=", "state=x"), ("state=", "nothing="), ("code=", "code=x"), ("code=", "c=")]
)
def test_a_return_that_was_tampered_with_signs_nobody_in(shut: Flask, change: tuple[str, str]) -> None:
    client = shut.test_client()

    answer = back(client, there(client).replace(*change))

    assert answer.status_code in {400, 503} and client.get("/").status_code == 303


def test_a_return_is_good_for_once(app: Flask) -> None:
    client = app.test_client()
    address = there(client)
    back(client, address)
    client.post("/sign-out")

    answer = back(client, address)

    assert answer.status_code == 400 and client.get("/").status_code == 303


def test_what_is_taken_along_is_signed_and_holds_for_ten_minutes(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    late, forger = app.test_client(), app.test_client()
    address, forged = there(late), there(forger)
    cookie = forger.get_cookie("rivulet-openid")
    assert cookie and cookie.http_only and cookie.same_site == "Lax"
    forger.set_cookie("rivulet-openid", f"x{cookie.value}")
    assert back(forger, forged).status_code == 400
    now = time.time()
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: now + 660)

    assert back(late, address).status_code == 400


def test_who_refuses_there_is_told_so_here(app: Flask, idp: Idp) -> None:
    idp.denies = True

    answer = through(app.test_client(), next="/conversations/1")

    assert answer.status_code == 400 and "it was given up, or refused, where you were sent" in answer.text
    assert 'value="/conversations/1"' in answer.text


def test_an_answer_of_another_issuer_is_refused(app: Flask) -> None:
    """Mix-up: RFC 9207."""
    client = app.test_client()

    assert back(client, f"{there(client)}&iss=https://another.example").status_code == 400


@pytest.mark.parametrize("broken", [fails, shows_a_page, leads_on, lambda: "no json", lambda: "[]", lambda: "{}"])
@pytest.mark.parametrize("path", [ABOUT, KEYS, TOKEN, USERINFO])
def test_a_broken_provider_is_a_sentence(shut: Flask, idp: Idp, path: str, broken: Any) -> None:
    idp.broken[path] = broken
    idp.thin = path == USERINFO
    client = shut.test_client()

    answer = client.post("/sign-in/openid") if path == ABOUT else through(client)

    assert answer.status_code in {400, 403, 503} and 'role="alert"' in answer.text
    assert answer.mimetype == "text/html"


def test_a_provider_that_is_well_again_is_used(app: Flask, idp: Idp) -> None:
    idp.broken = {KEYS: fails}
    assert through(app.test_client()).status_code == 503
    idp.broken = {}

    assert through(app.test_client()).status_code == 303


def test_a_provider_that_hangs_is_given_up(shut: Flask, idp: Idp) -> None:
    hung = threading.Event()
    idp.broken[TOKEN] = lambda: str(hung.wait(10))
    shut.extensions["openid"].published = Published(idp.issuer, SECRET, Timeouts(first=0.2, gap=0.2, whole=0.5))

    answer = through(shut.test_client())

    hung.set()
    assert answer.status_code == 503 and "Try again in a moment" in answer.text


def test_the_secret_is_told_to_the_token_endpoint_alone(app: Flask, idp: Idp) -> None:
    """LB 24-37895: a secret never leaves for another host, not by a redirect either."""
    client = app.test_client()
    with serving() as elsewhere:
        idp.broken[TOKEN] = lambda: ("", 307, {"Location": f"{elsewhere.issuer}/token"})

        answer = through(client)

        assert answer.status_code == 503 and elsewhere.asked == []
    assert [path for path, said in idp.asked if said.startswith("Basic ")] == [TOKEN]
    assert SECRET not in answer.text


def test_an_app_starts_without_its_provider_and_says_that_it_cannot_be_used(tmp_path: Path, idp: Idp) -> None:
    app = team(tmp_path, **idp.settings(OIDC_ISSUER="http://127.0.0.1:9"))

    answer = app.test_client().post("/sign-in/openid", data={"next": "/conversations/1"})

    assert answer.status_code == 503 and "Single sign-on can&#39;t be used just now" in answer.text
    assert 'value="/conversations/1"' in answer.text


def test_an_issuer_that_calls_itself_otherwise_is_not_used(app: Flask, idp: Idp) -> None:
    idp.broken[ABOUT] = lambda: idp._about() | {"issuer": "https://another.example"}

    assert app.test_client().post("/sign-in/openid").status_code == 503


def test_an_email_that_the_token_leaves_out_is_asked_for(app: Flask, idp: Idp) -> None:
    idp.thin = True

    assert through(app.test_client()).status_code == 303 and person(app)


def test_what_is_said_of_somebody_else_is_not_believed(app: Flask, idp: Idp) -> None:
    idp.thin = True
    idp.broken[USERINFO] = lambda: idp.person | {"sub": "8"}

    assert through(app.test_client()).status_code == 403


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_email_that_is_not_verified_decides_nothing(shut: Flask, idp: Idp, verified: Any) -> None:
    idp.person["email_verified"] = verified

    answer = through(shut.test_client())

    assert answer.status_code == 403 and "verified" in answer.text


OTHERS = [
    "ann@evil-example.org",
    "ann@example.org.evil",
    "ann@sub.example.org",
    "ann@example.org.",
    "ann@example.org@evil.example",
    "ann@evil.example@example.org",
    '"ann@example.org"@evil.example',
    "ann@exаmple.org",
    "ann@ｅxample.org",
    "ann@xn--exmple-4nf.org",
    "\u212aann@example.org",
    "ann\n@example.org",
    "@example.org",
    "ann",
    "",
]


@pytest.mark.parametrize("email", OTHERS)
def test_whoever_is_of_another_domain_is_not_let_in(shut: Flask, idp: Idp, email: str) -> None:
    """OW 26-59223: a name that ends alike is another one."""
    idp.person["email"] = email

    answer = through(shut.test_client())

    assert answer.status_code == 403


def test_a_domain_and_an_address_are_the_same_in_capitals(app: Flask, idp: Idp) -> None:
    idp.person["email"] = "Ann@Example.ORG"

    assert through(app.test_client()).status_code == 303 and person(app)


def test_without_domains_only_those_with_an_account_are_let_in(tmp_path: Path, idp: Idp) -> None:
    app = team(tmp_path, **idp.settings())
    assert through(app.test_client()).status_code == 403
    with app.extensions["database"].write() as connection:
        accounts.make(connection, "ann@example.org", "admin", None)

    answer = through(app.test_client())

    assert answer.status_code == 303 and person(app).role == "admin" and person(app).subject


def test_an_account_with_a_password_is_not_tied_by_an_email_alone(app: Flask, idp: Idp) -> None:
    """Pre-hijacking: whoever made an account in another's name would share it with them."""
    account(app.extensions["database"])

    answer = through(app.test_client())

    assert answer.status_code == 403 and "has a password" in answer.text and person(app).subject is None


def test_its_owner_connects_it_with_the_password_and_signs_in_by_it_from_then_on(app: Flask, idp: Idp) -> None:
    client = signed_in(app)
    idp.person |= {"email": "a.other@elsewhere.example", "email_verified": False}

    wrong = client.post("/account/openid", data={"present": "not the password"})
    address = there(client, "/account/openid", present=PASSWORD)
    done = back(client, address)

    assert wrong.status_code == 403 and "current password" in wrong.text
    assert done.headers["Location"] == "/account?connected=1" and person(app).subject == f"{idp.issuer} 7"
    fresh = app.test_client()
    assert through(fresh).status_code == 303 and "ann@example.org" in fresh.get("/account").text


def test_others_who_fail_keep_nobody_from_connecting_and_guesses_there_wait(app: Flask) -> None:
    client = signed_in(app)
    for _ in range(6):
        sign_in(app.test_client(), password="not the password")

    guesses = [client.post("/account/openid", data={"present": "wrong"}).status_code for _ in range(4)]
    right = client.post("/account/openid", data={"present": PASSWORD}).status_code
    more = [client.post("/account/openid", data={"present": "wrong"}).status_code for _ in range(6)]

    assert (guesses, right, more) == ([403] * 4, 200, [403] * 5 + [429])


def test_a_connection_is_made_by_whom_it_was_begun_by(app: Flask) -> None:
    client = signed_in(app)
    address = there(client, "/account/openid", present=PASSWORD)
    account(app.extensions["database"], "bob@example.org")
    sign_in(client, "bob@example.org")

    assert back(client, address).status_code == 400
    assert person(app).subject is person(app, "bob@example.org").subject is None


def test_one_sign_in_elsewhere_is_one_account(app: Flask, idp: Idp) -> None:
    through(app.test_client())
    bob = signed_in(app, "bob@example.org")

    answer = back(bob, there(bob, "/account/openid", present=PASSWORD))

    assert answer.status_code == 403 and "connected with that sign-in already" in answer.text


def test_an_address_that_was_given_to_somebody_else_is_not_their_account(app: Flask, idp: Idp) -> None:
    through(app.test_client())
    idp.person["sub"] = "8"

    answer = through(app.test_client())

    assert answer.status_code == 403 and "belongs to another sign-in" in answer.text


def test_after_a_change_of_the_issuer_accounts_without_a_password_are_tied_anew(app: Flask, idp: Idp) -> None:
    through(app.test_client())
    with app.extensions["database"].write() as connection:
        connection.execute(update(people).values(subject="https://before.example 1"))

    assert through(app.test_client()).status_code == 303 and person(app).subject == f"{idp.issuer} 7"


def test_somebody_whose_address_changes_there_stays_who_they_are(app: Flask, idp: Idp) -> None:
    through(app.test_client())
    idp.person |= {"email": "ann.new@elsewhere.example", "email_verified": False}

    assert through(app.test_client()).status_code == 303 and count(app.extensions["database"], people) == 1


def test_who_is_suspended_stays_out(app: Flask, idp: Idp) -> None:
    """OW 26-59219, ALLM 26-32717: the second way in knows it, too."""
    through(app.test_client())
    with app.extensions["database"].write() as connection:
        connection.execute(update(people).values(suspended_at=1))
    client = app.test_client()

    answer = through(client)

    assert answer.status_code == 403 and "suspended" in answer.text and client.get("/").status_code == 303


def test_signing_in_is_noted(app: Flask) -> None:
    through(app.test_client())

    with app.extensions["database"].read() as connection:
        noted = [(row.actor, row.action, row.subject) for row in connection.execute(audit.select())]
    assert noted == [
        ("ann@example.org", "account_made", "by Example"),
        ("ann@example.org", "signed_in", "by Example"),
    ]


def test_where_no_provider_is_set_there_is_nothing(tmp_path: Path) -> None:
    app = team(tmp_path)

    assert app.test_client().post("/sign-in/openid").status_code == 404
    assert app.test_client().get("/sign-in/openid/callback").status_code == 404
    assert "/sign-in/openid" not in app.test_client().get("/sign-in").text


def test_a_connection_can_be_ended_by_who_has_a_password(app: Flask, idp: Idp) -> None:
    client = signed_in(app)
    back(client, there(client, "/account/openid", present=PASSWORD))
    assert "Your account is connected" in client.get("/account").text

    client.post("/account/openid/end")

    assert person(app).subject is None and "Connect your account" in client.get("/account").text
    assert through(app.test_client()).status_code == 403


def test_who_has_no_password_stays_connected(app: Flask, idp: Idp) -> None:
    client = app.test_client()
    through(client)

    client.post("/account/openid/end")

    assert person(app).subject == f"{idp.issuer} 7"


def test_a_client_without_a_secret_proves_itself_by_pkce_alone(tmp_path: Path, idp: Idp) -> None:
    app = team(tmp_path, **idp.settings(**HOME, OIDC_CLIENT_SECRET=""))

    through(app.test_client())

    assert [said for path, said in idp.asked if path == TOKEN] == [""]


def test_the_secret_is_sent_in_the_form_where_the_provider_wants_it_there(app: Flask, idp: Idp) -> None:
    ways = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    idp.broken[ABOUT] = lambda: idp._about() | ways

    assert through(app.test_client()).status_code == 303
    assert [said for path, said in idp.asked if path == TOKEN] == [""]


@pytest.mark.parametrize(
    "environ",
    [{"OIDC_CLIENT_ID": ""}, {"OIDC_ISSUER": ""}, {"OIDC_ISSUER": "http://sign-in.example.org"}],
    ids=str,
)
def test_settings_by_which_nobody_could_be_believed_stop_the_start(
    tmp_path: Path, idp: Idp, environ: dict[str, str]
) -> None:
    with pytest.raises(WrongSetting, match="OIDC_ISSUER"):
        team(tmp_path, **idp.settings() | environ)


def test_an_issuer_may_be_written_with_a_slash_at_its_end(tmp_path: Path, idp: Idp) -> None:
    idp.broken[ABOUT] = lambda: idp._about() | {"issuer": f"{idp.issuer}/"}
    idp.untrue = {"iss": f"{idp.issuer}/"}
    app = team(tmp_path, **idp.settings(**HOME, OIDC_ISSUER=f"{idp.issuer}/"))

    assert through(app.test_client()).status_code == 303


def test_neither_the_secret_nor_a_token_is_logged(app: Flask, idp: Idp, caplog: pytest.LogCaptureFixture) -> None:
    """ALLM 24-6842, LC 24-12580: what is secret is in no log."""
    client = app.test_client()
    idp.broken[TOKEN] = lambda: ({"error": "invalid_client", "error_description": SECRET}, 401)

    address = there(client)
    answer = back(client, address)

    code = parse_qs(urlsplit(address).query)["code"][0]
    assert answer.status_code == 503 and "/token" in caplog.text
    assert all(each not in caplog.text + answer.text for each in (SECRET, code))


def test_two_workers_as_they_are_deployed_let_somebody_in(tmp_path: Path, idp: Idp) -> None:
    environ = idp.settings(**HOME, ACCESS="team", SECRET_KEY=KEY, WEB_CONCURRENCY="2")
    with upstream() as model, gunicorn(tmp_path, model, **environ) as server:
        for _ in range(4):
            browser = requests.Session()
            page = browser.post(f"{server.url}/sign-in/openid", data={"next": "/account"}, timeout=10).text

            answer = browser.get(address_in(page), timeout=10)

            assert (answer.status_code, answer.url) == (
                200,
                f"{server.url}/account",
            ) and "ann@example.org" in answer.text
