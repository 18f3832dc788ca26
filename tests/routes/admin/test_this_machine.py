"""Test the pages of models where an instance serves only its own machine: its one person looks after them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

import app as front_door
from chat import config
from chat.config import Settings
from chat.people import audit
from tests.providers.server import Server, whole
from tests.routes.admin.test_door import rooms
from tests.scripted import Scripted
from tests.team import account, change, signed_in

MODELS = "/admin/models"
FORM = {"name": "acme", "kind": "openai", "url": "http://127.0.0.1:9/v1"}
PROXIED = [
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-IP",
    "Forwarded",
    "Via",
    "CF-Connecting-IP",
]


@pytest.fixture
def app(settings: Settings, provider: Scripted) -> Iterator[Flask]:
    """An app on loopback, with a scripted provider."""
    app = front_door.build(settings, {"scripted": provider})
    yield app
    app.extensions["rivulet"].database.dispose()


def test_the_one_person_connects_a_model_without_an_account(app: Flask, client: FlaskClient) -> None:
    with Server(whole("200 OK", '{"data": [{"id": "a"}]}')) as server:
        page = client.post(MODELS, data=FORM | {"url": server.url}, follow_redirects=True)

    assert "acme is connected: 1 model." in page.text
    assert audit.page(app.extensions["rivulet"].database)[0].actor == "someone on this machine"


def test_of_the_admin_pages_only_those_of_models_are_open(app: Flask, client: FlaskClient) -> None:
    for method, path in rooms(app):
        status = client.open(path, method=method).status_code
        assert (status == 404) == (path.partition("?")[0] != MODELS), (method, path)
    page = client.get(MODELS).text
    assert "/admin/people" not in page and 'href="/"' in page


@pytest.mark.parametrize("header", PROXIED)
def test_who_comes_through_a_proxy_is_not_the_person_at_this_machine(client: FlaskClient, header: str) -> None:
    """A proxy on this machine lets others in from 127.0.0.1, and may name this machine as the host."""
    forwarded = {header: "127.0.0.1"}

    assert client.get(MODELS, headers=forwarded).status_code == 404
    assert client.post(MODELS, data=FORM, headers=forwarded).status_code == 404
    assert MODELS not in client.get("/", headers=forwarded).text


def test_who_comes_from_elsewhere_is_refused(app: Flask, client: FlaskClient) -> None:
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}

    assert client.get(MODELS, environ_overrides=elsewhere).status_code == 503
    assert client.post(MODELS, data=FORM, environ_overrides=elsewhere).status_code == 503
    assert "acme" not in app.extensions["rivulet"].registry.now().entries


def test_another_site_adds_no_provider(app: Flask, client: FlaskClient) -> None:
    assert client.post(MODELS, data=FORM, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.post(MODELS, data=FORM, headers={"Host": "evil.example"}).status_code == 400
    assert "acme" not in app.extensions["rivulet"].registry.now().entries


@pytest.mark.parametrize("access", ["open", "team"])
def test_over_the_network_a_visitor_from_this_machine_is_nobody(app: Flask, client: FlaskClient, access: str) -> None:
    change(app, access=access)

    assert client.get(MODELS).status_code == (404 if access == "open" else 303)
    assert client.post(MODELS, data=FORM).status_code == (404 if access == "open" else 401)


def test_the_sidebar_leads_to_the_models(client: FlaskClient) -> None:
    page = client.get("/").text

    assert f'<a href="{MODELS}">Models</a>' in page and ">Admin</a>" not in page


@pytest.mark.parametrize(("role", "leads"), [("member", False), ("admin", True)])
def test_over_the_network_the_sidebar_leads_admins_to_the_administration(app: Flask, role: str, leads: bool) -> None:
    change(app, access="team")

    page = signed_in(app, "ann@example.org", role).get("/").text

    assert ('<a href="/admin">Admin</a>' in page) == leads and ">Models</a>" not in page


def test_an_admin_on_this_machine_is_named_in_the_audit_log(app: Flask) -> None:
    account(app.extensions["rivulet"].database, role="admin")

    signed_in(app).post(MODELS, data=FORM)

    assert audit.page(app.extensions["rivulet"].database)[0].actor == "ann@example.org"


def test_access_local_cannot_be_set() -> None:
    with pytest.raises(config.WrongSetting):
        config.load({"ACCESS": "local", "HOST": "0.0.0.0"})
