"""All messages of a branch, a few at a time, because they can be long."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Integer, bindparam, select

from chat.conversations.paging import ALL, walk
from chat.conversations.records import SELECT_TEXTS, Message, load_message
from chat.storage.database import Database
from chat.storage.tables import messages

BATCH = 8
"""How many messages we hold in memory at once."""

STEPS = walk().c.id
SELECT_IDS = select(STEPS).order_by(STEPS)
SELECT_TRANSCRIPT = SELECT_TEXTS.where(messages.c.id.in_(bindparam("ids", type_=Integer, expanding=True))).order_by(
    messages.c.id
)


def read_transcript(database: Database, leaf_id: int | None) -> Iterator[Message]:
    """Yield the messages on the way to a leaf, without HTML, in one transaction."""
    with database.read() as connection:
        ids = connection.execute(SELECT_IDS, {"leaf": leaf_id, "above": 0, "size": ALL}).scalars().all()
        for start in range(0, len(ids), BATCH):
            rows = connection.execute(SELECT_TRANSCRIPT, {"ids": ids[start : start + BATCH]})
            yield from map(load_message, rows)
