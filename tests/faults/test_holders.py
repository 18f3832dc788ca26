"""Test that holding a database really blocks others from writing, or reading; otherwise other tests prove little."""

from __future__ import annotations

from pathlib import Path
from random import Random

import psycopg
import pytest

from chat.storage.database import Database, DatabaseBusy
from tests.faults.holders import ACCESS_EXCLUSIVE, TABLES, holding_file, holding_tables, some_tables
from tests.postgres import Postgres

READING, WRITING = "SELECT * FROM people", "INSERT INTO people (uid, role, created_at) VALUES ('ann', 'guest', 1)"


def test_a_file_that_is_held_can_be_read_and_not_written(database: Database) -> None:
    with holding_file(Path(database.engine.url.database or "")):
        with database.read() as connection:
            connection.exec_driver_sql(READING)
        with pytest.raises(DatabaseBusy), database.write(wait=0.1):
            pass

    with database.write(wait=0.1) as connection:
        connection.exec_driver_sql(WRITING)


@pytest.fixture
def address(database_server: Postgres) -> str:
    """The address of a database with our tables."""
    database = Database(database_server.new_database())
    database.upgrade()
    database.dispose()
    return database_server.address(database.engine.url.database or "")


def is_free(address: str, statement: str) -> bool:
    """Tell whether a statement runs at once."""
    with psycopg.connect(address, options="-c lock_timeout=100") as connection:
        try:
            connection.execute(statement.encode())
        except psycopg.errors.LockNotAvailable:
            return False
        finally:
            connection.rollback()
    return True


def test_tables_that_are_held_can_be_read_and_not_written(address: str) -> None:
    with holding_tables(address):
        assert is_free(address, READING) and not is_free(address, WRITING)

    assert is_free(address, WRITING)


def test_tables_that_are_held_for_one_alone_cant_be_read(address: str) -> None:
    with holding_tables(address, ["people"], ACCESS_EXCLUSIVE):
        assert not is_free(address, READING) and is_free(address, "DELETE FROM replies")


def test_some_tables_are_all_of_them_or_fewer() -> None:
    chosen = [some_tables(Random(seed)) for seed in range(40)]

    assert {mode for _, mode in chosen} == {"EXCLUSIVE", ACCESS_EXCLUSIVE}
    assert TABLES in {tables for tables, _ in chosen} and len({tables for tables, _ in chosen}) > 10
