"""What the apps of the tests share is what each of them would make."""

from __future__ import annotations

import pytest
from jinja2 import DictLoader, Environment
from sqlalchemy import MetaData
from sqlalchemy.schema import CreateIndex, CreateTable, DDLElement

from chat.storage import schema
from chat.storage.database import Database
from tests import shared


def tables(url: str) -> set[str]:
    """Bring a new database to HEAD; gives the statements that would make its tables and indexes again."""
    database, found = Database(url), MetaData()
    database.upgrade()
    found.reflect(database.engine)
    with database.read() as connection:
        assert schema.version_of(connection) == schema.HEAD
    made: list[DDLElement] = [CreateTable(table) for table in found.tables.values()]
    made += [CreateIndex(index) for table in found.tables.values() for index in table.indexes]
    database.dispose()
    return {str(statement.compile(database.engine)) for statement in made}


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_migrations_that_are_repeated_make_the_same_tables(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways = {"real": shared.run_migrations, "first": shared.repeat_migrations, "again": shared.repeat_migrations}
    made = []
    for name, migrate in ways.items():
        monkeypatch.setattr(schema, "run_migrations", migrate)
        made.append(tables(new_database(kind, name, request)))

    assert made[0] == made[1] == made[2] and len(made[0]) > 10


def new_database(kind: str, name: str, request: pytest.FixtureRequest) -> str:
    """Give the address of an empty database."""
    if kind == "sqlite":
        return f"sqlite:///{request.getfixturevalue('tmp_path') / name}.db"
    return request.getfixturevalue("database_server").new_database()


def test_a_template_of_a_known_name_is_compiled_again_where_it_says_something_else() -> None:
    compiled = shared.Templates()

    said = [
        Environment(loader=DictLoader({"page": text}), bytecode_cache=compiled, autoescape=True)
        .get_template("page")
        .render()
        for text in ("Hello", "Hello again", "Hello")
    ]

    assert said == ["Hello", "Hello again", "Hello"]
