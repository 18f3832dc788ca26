"""Test databases from before the first release: the last version's are upgraded, older ones refused.

Commit bb1dc93 made before_first_release.sql, through its pages and commands. It holds two people with conversations
(one without a password yet), sessions, an invite, a reset, and the audit log.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from chat.storage.database import Database
from chat.storage.engines import DatabaseUnusable
from chat.storage.schema import HEAD, OLDEST
from chat.storage.tables import metadata
from tests.scripted import Scripted
from tests.team import signed_in, team

DUMP = Path(__file__).parent / "before_first_release.sql"


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """A database that commit bb1dc93 left in an instance."""
    path = tmp_path / "instance" / "rivulet.db"
    path.parent.mkdir(mode=0o700)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(DUMP.read_text())
    return path


def rows(path: Path) -> dict[str, list[Any]]:
    """Read a whole database."""
    with closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names}


def test_a_database_from_before_comes_along_with_everything_in_it(before: Path) -> None:
    held = rows(before)
    database = Database(f"sqlite:///{before}")

    database.upgrade()

    with database.read() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    database.dispose()
    now = rows(before)
    assert differences == [] and {name: now[name] for name in held} == held | {"alembic_version": [(HEAD,)]}
    counts = {name: len(held[name]) for name in ("people", "conversations", "messages", "replies", "sessions")}
    assert counts == {"people": 3, "conversations": 3, "messages": 8, "replies": 4, "sessions": 2}
    assert (len(held["invites"]), len(held["resets"]), len(held["audit"])) == (1, 1, 5)


PLAIN = {"Accept": "text/plain"}


def test_a_person_from_before_signs_in_and_goes_on(before: Path, tmp_path: Path, provider: Scripted) -> None:
    app = team(tmp_path, provider)
    ann = signed_in(app, "ann@example.org")
    provider.will_say("It flows on.")

    page = ann.get("/conversations/1").text
    assert "It flows on." in ann.post("/conversations/1/messages", data={"text": "And then?"}, headers=PLAIN).text

    people, log = ann.get("/admin/people").text, ann.get("/admin/audit").text
    grown = ann.get("/conversations/1").text
    app.extensions["rivulet"].database.dispose()
    assert "It is a <em>river</em>." in page and "It flows on." in grown
    assert all(email in people for email in ("ann@example.org", "bob@example.org", "cy@example.org"))
    assert "command line" in log and "cy@example.org" in log


@pytest.mark.parametrize("version", ["0001", "0005"])
def test_a_database_of_an_older_version_is_refused_with_what_to_do(present: Path, version: str) -> None:
    with closing(sqlite3.connect(present)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [version])
    held, database = rows(present), Database(f"sqlite:///{present}")

    with pytest.raises(DatabaseUnusable) as refused:
        database.upgrade()

    database.dispose()
    assert str(refused.value).startswith(
        f"The database was made by a Rivulet before the first release ({version}; this version supports {OLDEST} and "
        "later). Start commit bb1dc93 of Rivulet with it once to upgrade it, then start this version."
    )
    assert rows(present) == held and not (present.parent / "backups").exists()
