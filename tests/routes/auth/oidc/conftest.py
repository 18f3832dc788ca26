"""Fixtures for single sign-on: a provider that the tests run, and an instance that uses it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from chat.people.oidc.discovery import Discovery
from chat.storage.tables import people
from tests.openid import SECRET, Idp, serving
from tests.routes.auth.oidc.way import HOME
from tests.team import team
from tests.turns import count


@pytest.fixture(scope="module")
def provider_there() -> Iterator[Idp]:
    """The provider of all tests here."""
    with serving() as idp:
        yield idp


@pytest.fixture
def idp(provider_there: Idp) -> Idp:
    """That provider, with Ann as its user and without faults from earlier tests."""
    provider_there.reset()
    return provider_there


@pytest.fixture
def app(tmp_path: Path, idp: Idp) -> Iterator[Flask]:
    """An app whose users at example.org sign in there."""
    app = team(tmp_path, **idp.settings(**HOME))
    yield app
    app.extensions["rivulet"].database.dispose()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, provider_there: Idp) -> Iterator[Flask]:
    """Such an app, shared by the many tests of refused sign-ins."""
    app = team(tmp_path_factory.mktemp("kept"), **provider_there.settings(**HOME))
    yield app
    app.extensions["rivulet"].database.dispose()


@pytest.fixture
def shut(kept: Flask) -> Iterator[Flask]:
    """That app before it contacts the provider; at the end, no account exists there."""
    kept.extensions["rivulet"].oidc.discovery = Discovery(kept.extensions["rivulet"].settings.oidc_issuer, SECRET)
    yield kept
    assert count(kept.extensions["rivulet"].database, people) == 0
