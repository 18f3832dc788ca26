"""Fixtures for the tests of backups: a database with rows, and the commands as bin/ calls them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chat import config
from chat.storage import backups
from chat.storage.database import Database
from chat.storage.engines import url_of
from tests.postgres import Postgres
from tests.storage.backups.filled import fill
from tests.turns import answered, asked, guest

Addresses = Callable[[], str]

Command = Callable[..., tuple[int, str]]
"""Runs `backup`, `restore` or `move` with arguments; returns the exit code and the output."""


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    """The folder of an instance."""
    (tmp_path / "instance").mkdir()
    return tmp_path / "instance"


@pytest.fixture
def run(instance: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """A function that runs a command on the instance's SQLite database, or on the one in DATABASE_URL."""

    def run(name: str, *arguments: object, **environ: str) -> tuple[int, str]:
        given = [list(map(str, arguments))] if name != "move" else []
        code = getattr(backups, name)({"INSTANCE": str(instance), **environ}, *given)
        said, complained = capsys.readouterr()
        return code, said + complained

    return run


@pytest.fixture
def lived_in(instance: Path) -> Iterator[Database]:
    """The database of the instance, with a person and a conversation."""
    database = Database(url_of(config.load({"INSTANCE": str(instance)})))
    move_in(database)
    yield database
    database.dispose()


def move_in(database: Database, text: str = "Hello?") -> None:
    """Create a database with a person and a conversation."""
    database.upgrade()
    answered(database, asked(database, guest(database, "ann"), text))


@pytest.fixture
def filled(instance: Path) -> Path:
    """The file of the instance's SQLite database, full of rows and not open in any process."""
    database = Database(f"sqlite:///{instance / 'rivulet.db'}")
    fill(database)
    database.dispose()
    return instance / "rivulet.db"


@pytest.fixture(params=["sqlite", "postgres"])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Addresses:
    """A function that returns the address of an empty database, for each kind."""
    if request.param == "sqlite":
        return lambda: f"sqlite:///{tmp_path / 'target' / 'new.db'}"
    server: Postgres = request.getfixturevalue("database_server")
    return server.new_database
