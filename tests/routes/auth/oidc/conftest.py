"""What tests of single sign-on share: a provider that the tests run, and an instance whose people it is for."""

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
    """That provider, which knows Ann, without what earlier tests did to it."""
    provider_there.reset()
    return provider_there


@pytest.fixture
def app(tmp_path: Path, idp: Idp) -> Iterator[Flask]:
    """An app whose people of example.org sign in there."""
    app = team(tmp_path, **idp.settings(**HOME))
    yield app
    app.extensions["rivulet"].database.dispose()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, provider_there: Idp) -> Iterator[Flask]:
    """An app like that, for the many tests of what lets nobody in."""
    app = team(tmp_path_factory.mktemp("kept"), **provider_there.settings(**HOME))
    yield app
    app.extensions["rivulet"].database.dispose()


@pytest.fixture
def shut(kept: Flask) -> Iterator[Flask]:
    """That app, which has not asked the provider yet; at the end, nobody has an account there."""
    kept.extensions["rivulet"].oidc.discovery = Discovery(kept.extensions["rivulet"].settings.oidc_issuer, SECRET)
    yield kept
    assert count(kept.extensions["rivulet"].database, people) == 0
