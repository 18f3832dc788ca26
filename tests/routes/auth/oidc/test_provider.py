"""Test the OpenID provider: its metadata, its failures, and the data that it receives."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from chat.config import WrongSetting
from chat.people.oidc.discovery import Discovery
from chat.providers.base import Timeouts
from tests.openid import ABOUT, KEYS, SECRET, TOKEN, Idp, fails, key, leads_on, serving, shows_a_page
from tests.openid import PERSON as USERINFO
from tests.routes.auth.oidc.way import HOME, back, there, through
from tests.team import team


def test_a_provider_may_change_its_key(app: Flask, idp: Idp) -> None:
    assert through(app.test_client()).status_code == 303
    idp.key = key("second")

    assert through(app.test_client()).status_code == 303


def test_what_is_published_is_asked_for_once(app: Flask, idp: Idp) -> None:
    for _ in range(3):
        through(app.test_client())

    asked = [path for path, _ in idp.asked]
    assert asked.count(ABOUT) == asked.count(KEYS) == 1


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
    shut.extensions["rivulet"].oidc.discovery = Discovery(
        idp.issuer, SECRET, Timeouts(first_byte=0.2, read=0.2, total=0.5)
    )

    answer = through(shut.test_client())

    hung.set()
    assert answer.status_code == 503 and "Try again in a moment" in answer.text


def test_the_secret_is_told_to_the_token_endpoint_alone(app: Flask, idp: Idp) -> None:
    """LB 24-37895: a secret never leaves for another host, even through a redirect."""
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

    assert answer.status_code == 503 and "Single sign-on is unavailable" in answer.text
    assert 'value="/conversations/1"' in answer.text


def test_an_issuer_that_calls_itself_otherwise_is_not_used(app: Flask, idp: Idp) -> None:
    idp.broken[ABOUT] = lambda: idp._about() | {"issuer": "https://another.example"}

    assert app.test_client().post("/sign-in/openid").status_code == 503


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
    """ALLM 24-6842, LC 24-12580: no log contains a secret."""
    client = app.test_client()
    idp.broken[TOKEN] = lambda: ({"error": "invalid_client", "error_description": SECRET}, 401)

    address = there(client)
    answer = back(client, address)

    code = parse_qs(urlsplit(address).query)["code"][0]
    assert answer.status_code == 503 and "/token" in caplog.text
    assert all(each not in caplog.text + answer.text for each in (SECRET, code))
