"""Hold the database from another process, so that no one can write, or even read, until it lets go."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from psycopg.errors import DeadlockDetected

TABLES = ("replies", "messages", "pieces", "conversations", "people", "sessions")
EXCLUSIVE, ACCESS_EXCLUSIVE = "EXCLUSIVE", "ACCESS EXCLUSIVE"
"""PostgreSQL's table locks: others can still read, or can't read either."""

PATIENCE = 20.0
TRIES = 10


@contextmanager
def holding_file(path: Path) -> Iterator[None]:
    """Hold the write lock of a SQLite database."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=PATIENCE)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


@contextmanager
def holding_tables(address: str, tables: Sequence[str] = TABLES, mode: str = EXCLUSIVE) -> Iterator[None]:
    """Hold the locks of some tables of a PostgreSQL database."""
    with psycopg.connect(address) as connection:
        lock(connection, f"LOCK TABLE {', '.join(tables)} IN {mode} MODE")
        yield


@contextmanager
def holding_row(address: str, reply_id: int) -> Iterator[None]:
    """Hold one reply's row in PostgreSQL, as an open transaction that changed it does."""
    with psycopg.connect(address) as connection:
        connection.execute("SELECT id FROM replies WHERE id = %s FOR UPDATE", [reply_id])
        yield


def lock(connection: psycopg.Connection, statement: str) -> None:
    """Take locks one after the other. In a deadlock, PostgreSQL aborts this transaction or the other one."""
    for _ in range(TRIES):
        with suppress(DeadlockDetected):
            connection.execute(statement.encode())
            return
        connection.rollback()
    raise AssertionError("the tables never came free")


def some_tables(chance: random.Random) -> tuple[tuple[str, ...], str]:
    """Choose the tables and the kind of lock; most often all tables."""
    tables = TABLES if chance.random() < 0.5 else tuple(chance.sample(TABLES, chance.randint(1, len(TABLES))))
    return tables, chance.choice([EXCLUSIVE, EXCLUSIVE, ACCESS_EXCLUSIVE])
