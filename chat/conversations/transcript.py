"""What was said on a branch, from its first message to its last; read a few at a time, as all may be long."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Integer, Row, bindparam, select

from chat.conversations.paging import ALL, walk
from chat.storage.database import Database
from chat.storage.tables import messages, replies

BATCH = 8
"""How many messages are in memory at once."""

STEPS = walk().c.id
SELECT_IDS = select(STEPS).order_by(STEPS)
SELECT_TRANSCRIPT = (
    select(
        *(messages.c[name] for name in ("id", "role", "text", "created_at")),
        *(replies.c[name] for name in ("state", "provider", "model", "error", "ended_at")),
    )
    .outerjoin_from(messages, replies, replies.c.id == messages.c.id)
    .where(messages.c.id.in_(bindparam("ids", type_=Integer, expanding=True)))
    .order_by(messages.c.id)
)


def read_transcript(database: Database, leaf_id: int | None) -> Iterator[Row]:
    """Read what was said on the way to a leaf and what is known of it, without HTML, in one transaction."""
    with database.read() as connection:
        ids = connection.execute(SELECT_IDS, {"leaf": leaf_id, "above": 0, "size": ALL}).scalars().all()
        for start in range(0, len(ids), BATCH):
            yield from connection.execute(SELECT_TRANSCRIPT, {"ids": ids[start : start + BATCH]}).all()
