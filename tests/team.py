"""Set up a team's instance, its members, and signed-in browsers for tests of accounts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import app as front_door
from chat import config
from chat.people import accounts, passwords
from chat.storage.database import Database
from tests import marked
from tests.scripted import Scripted
from tests.serving import KEY, UNLIMITED

PASSWORD = marked.PASSWORD


def team(tmp_path: Path, provider: Scripted | None = None, /, **environ: str) -> Flask:
    """Create an app that a team shares."""
    known = {"INSTANCE": str(tmp_path / "instance"), "ACCESS": "team", "SECRET_KEY": KEY, **UNLIMITED}
    return front_door.build(config.load(known | environ), {"scripted": provider or Scripted()})


@pytest.fixture
def team_app(tmp_path: Path, provider: Scripted) -> Iterator[Flask]:
    """An app that a team shares, with the scripted provider."""
    app = team(tmp_path, provider)
    yield app
    app.extensions["rivulet"].database.dispose()


def account(database: Database, email: str = "ann@example.org", role: str = "member", name: str = "") -> int:
    """Create a person with an account, whose password is PASSWORD."""
    with database.write() as connection:
        return accounts.create(connection, email, role, kept(), name)


def change(app: Flask, **values: Any) -> None:
    """Change settings of a running app."""
    here = app.extensions["rivulet"]
    here.settings = replace(here.settings, **values)


def wrong_field(page: str) -> str:
    """Return the name of the field that has the focus, with the problem beside it."""
    (found,) = re.findall(
        r'<input name="(\w+)"[^>]*aria-invalid="true" aria-describedby="problem" autofocus>'
        r'(?:\s*<small>[^<]*</small>\s*)?</label>\s*<p class="problem" role="alert" id="problem">',
        page,
    )
    return found


@cache
def kept() -> str:
    """Hash PASSWORD, once for all tests."""
    return passwords.HASHER.hash(PASSWORD)


def sign_in(client: FlaskClient, email: str = "ann@example.org", password: str = PASSWORD, **more: str) -> TestResponse:
    """Sign in with the form; return the response."""
    return client.post("/sign-in", data={"email": email, "password": password, **more})


def signed_in(app: Flask, email: str = "ann@example.org", role: str = "member") -> FlaskClient:
    """Return a person's signed-in browser; create their account if it doesn't exist."""
    if accounts.by_email(app.extensions["rivulet"].database, email) is None:
        account(app.extensions["rivulet"].database, email, role)
    client = app.test_client()
    assert sign_in(client, email).status_code == 303
    return client


def follow(client: FlaskClient, address: str) -> str:
    """Follow a secret link; return the address of its form, without the secret."""
    answer = client.get(address)
    assert answer.status_code == 303
    return answer.headers["Location"]
