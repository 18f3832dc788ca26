"""Fill every table of a database with rows that are as awkward as possible."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Row, delete, insert, inspect, select

from chat.storage.database import Database
from chat.storage.tables import metadata

AWKWARD = "Grüße 👋🏽 \\ ' \" \t\r\n é é ﷽ \x01\x7f \u2028 %s :name {} 'x', NULL"
LATE = 2**40
"""A time beyond 32 bits."""

KNOWN: dict[str, list[dict[str, Any]]] = {
    "people": [
        {"uid": "ann", "created_at": 1, "role": "admin", "email": "ann@example.org", "name": AWKWARD, "seen_at": LATE},
        {"uid": "bob", "created_at": 2, "role": "guest", "suspended_at": 3},
        {"uid": "gone", "created_at": 2, "role": "guest"},
    ],
    "sessions": [
        {"id": name * 64, "data": '{"person": 1}', "expires_at": LATE, "person_id": 1, "agent": AWKWARD}
        for name in ("f", "0", "a", "A", "_")
    ],
    "conversations": [
        {"person_id": 1, "title": AWKWARD, "leaf_id": 3, "unread": True, "created_at": 1, "updated_at": LATE},
        {"person_id": 2, "title": "", "leaf_id": None, "mixed": True, "created_at": 1, "updated_at": 2},
    ],
    "messages": [
        {"conversation_id": 1, "parent_id": None, "role": "user", "text": AWKWARD, "turn_key": "k", "created_at": 1},
        {"conversation_id": 1, "parent_id": 1, "role": "assistant", "text": "", "html": "<p>", "created_at": 1},
        {"conversation_id": 1, "parent_id": 1, "role": "assistant", "text": "x" * 1_200_000, "created_at": 1},
    ],
    "replies": [
        {
            "id": 2,
            "state": "generating",
            "provider": "p",
            "model": AWKWARD,
            "owner": "o",
            "stop": True,
            "created_at": 1,
        },
        {
            "id": 3,
            "state": "complete",
            "provider": "p",
            "model": "m",
            "stop": True,
            "reasoning": AWKWARD,
            "created_at": LATE,
        },
    ],
    "pieces": [{"reply_id": 2, "seq": number, "text": AWKWARD * (number % 5)} for number in range(2_500)],
    "queued": [
        {"conversation_id": 1, "reply_id": 2, "text": AWKWARD, "provider": "p", "model": AWKWARD, "created_at": LATE}
    ],
    "sends": [{"person_id": 1, "address": "a", "at": LATE}],
    "invites": [{"digest": "d", "role": "member", "uses_left": 3, "made_by": 1, "created_at": 1, "expires_at": LATE}],
    "resets": [{"digest": "d", "person_id": 1, "expires_at": LATE}],
    "attempts": [{"whose": "w", "at": LATE}],
    "audit": [{"at": LATE, "actor_id": 3, "actor": AWKWARD, "action": "did", "subject": AWKWARD}],
    "options": [{"name": name, "value": AWKWARD} for name in ("b", "B", "ä", "z")],
    "services": [{"name": "s", "kind": "openai", "key": "closed", "enabled": False, "created_at": LATE}],
    "hidden_models": [{"provider": "p", "model": AWKWARD}],
}
"""The rows of each table."""


def fill(database: Database) -> None:
    """Store all rows in a new database, and delete the newest person."""
    database.upgrade()
    with database.write() as connection:
        for table in metadata.sorted_tables:
            for row in KNOWN[table.name]:
                connection.execute(insert(table), row)
        connection.execute(delete(metadata.tables["people"]).where(metadata.tables["people"].c.uid == "gone"))


@contextmanager
def used(url: str) -> Iterator[Database]:
    """Open a database, and close it at the end of the block."""
    database = Database(url)
    try:
        yield database
    finally:
        database.dispose()


def read(url: str) -> dict[str, list[Row]]:
    """Read a whole database, by table."""
    with used(url) as database, database.read() as connection:
        return {
            table.name: sorted(connection.execute(select(table)).all(), key=repr) for table in metadata.sorted_tables
        }


def tables_in(url: str) -> list[str]:
    with used(url) as database, database.read() as connection:
        return inspect(connection).get_table_names()


def change(url: str, statement: str) -> None:
    with used(url) as database, database.write() as connection:
        connection.exec_driver_sql(statement)
