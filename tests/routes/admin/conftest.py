"""What tests of the admins' pages share: a team, with an admin and a member in their browsers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chat.accounts import people
from tests.scripted import Scripted
from tests.team import signed_in, team

ADMIN, MEMBER = "ann@example.org", "bob@example.org"


@pytest.fixture
def app(tmp_path: Path, provider: Scripted) -> Iterator[Flask]:
    """An app that a team shares."""
    app = team(tmp_path, provider)
    yield app
    app.extensions["database"].engine.dispose()


@pytest.fixture
def admin(app: Flask) -> FlaskClient:
    """The browser of an admin."""
    return signed_in(app, ADMIN, "admin")


@pytest.fixture
def member(app: Flask) -> FlaskClient:
    """The browser of a member."""
    return signed_in(app, MEMBER)


def id_of(app: Flask, email: str) -> int:
    """Find the id of somebody."""
    person = people.by_email(app.extensions["database"], email)
    assert person
    return person.id
