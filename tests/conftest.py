"""Define fixtures for all tests: a database, a scripted provider, and an app with both."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

import app as front_door
from chat import config
from chat.config import Settings
from chat.metrics import Metrics
from chat.replies import Replies
from chat.storage.database import Database
from tests import newer_postgres, postgres
from tests.looking import watching_databases
from tests.marked import SECRETS
from tests.scripted import Scripted
from tests.serving import UNLIMITED
from tests.turns import guest

pytest_plugins = ["tests.long", "tests.scheduling", "tests.counted", "tests.canary", "tests.shared", "tests.team"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of an instance on loopback, in its own folder, with secrets that must never appear."""
    return config.load({"INSTANCE": str(tmp_path / "instance"), **UNLIMITED, **SECRETS})


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty database, made once and then copied, because migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("migrated") / "rivulet.db"
    database = Database(f"sqlite:///{path}")
    database.upgrade()
    database.dispose()
    return path


@pytest.fixture
def database(tmp_path: Path, migrated: Path) -> Iterator[Database]:
    """An empty database."""
    database = Database(f"sqlite:///{shutil.copy(migrated, tmp_path)}")
    yield database
    database.dispose()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests marked `newer_postgres` on a newer PostgreSQL, too; those with servers only with --long."""
    if not metafunc.definition.get_closest_marker("newer_postgres"):
        return
    if "either" in metafunc.fixturenames:
        metafunc.parametrize("either", ["sqlite", "database_server", "newer_server"], indirect=True)
    elif "database_server" in metafunc.fixturenames:
        servers = ["older_server", pytest.param("newer_server", marks=pytest.mark.long)]
        metafunc.parametrize("database_server", servers, indirect=True, scope="session")


@pytest.fixture(params=["sqlite", "database_server"], ids=["sqlite", "postgres"])
def either(request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty database, once on SQLite and once on PostgreSQL; the latter is skipped if it isn't installed."""
    if request.param == "sqlite":
        yield request.getfixturevalue("database")
        return
    database = Database(request.getfixturevalue(request.param).migrated_database())
    yield database
    database.dispose()


@pytest.fixture
def person(database: Database) -> int:
    """A guest."""
    return guest(database, "ann")


@pytest.fixture
def replies(database: Database, provider: Scripted) -> Replies:
    """The replies of this process; nothing adopts those of a worker that died."""
    return Replies(database, {"scripted": provider}, Metrics())


@pytest.fixture
def provider() -> Scripted:
    """A provider that answers as the test scripts it."""
    return Scripted()


@pytest.fixture
def app(settings: Settings, provider: Scripted, migrated: Path) -> Iterator[Flask]:
    """An app with the scripted provider."""
    settings.instance.mkdir(mode=0o700)
    shutil.copy(migrated, settings.instance)
    app = front_door.build(settings, {"scripted": provider})
    yield app
    app.extensions["rivulet"].database.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without cookies."""
    return app.test_client()


@pytest.fixture(scope="session")
def database_server(request: pytest.FixtureRequest) -> postgres.Postgres:
    """A PostgreSQL. Tests that need it are skipped if there is none; marked tests run on a newer one, too."""
    return request.getfixturevalue(getattr(request, "param", "older_server"))


@pytest.fixture(scope="session")
def older_server(request: pytest.FixtureRequest) -> Iterator[postgres.Postgres]:
    """The installed PostgreSQL."""
    yield from serving(postgres.programs(), f"{request.node.name} needs PostgreSQL. {postgres.MISSING}")


@pytest.fixture(scope="session")
def newer_server() -> Iterator[postgres.Postgres]:
    """A newer PostgreSQL."""
    yield from serving(newer_postgres.programs(), newer_postgres.MISSING)


def serving(programs: Path | None, missing: str) -> Iterator[postgres.Postgres]:
    """Serve a PostgreSQL, or skip."""
    if not programs:
        pytest.skip(missing)
    with postgres.postgres(programs) as server, watching_databases(server):
        yield server
