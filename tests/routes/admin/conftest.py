"""Fixtures for the admin pages: a team, with the browsers of an admin and a member."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chat.people import accounts
from tests.team import signed_in

ADMIN, MEMBER = "ann@example.org", "bob@example.org"


@pytest.fixture
def app(team_app: Flask) -> Flask:
    """An app that a team shares."""
    return team_app


@pytest.fixture
def admin(app: Flask) -> FlaskClient:
    """The browser of an admin."""
    return signed_in(app, ADMIN, "admin")


@pytest.fixture
def member(app: Flask) -> FlaskClient:
    """The browser of a member."""
    return signed_in(app, MEMBER)


def id_of(app: Flask, email: str) -> int:
    """Find the id of a person."""
    person = accounts.by_email(app.extensions["rivulet"].database, email)
    assert person
    return person.id
