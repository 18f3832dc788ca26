"""The messages above a message, for a model to read: from the newest upwards, as many as the caller wants."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import CTE, Integer, bindparam, func, select

from chat.conversations.paging import ALL, STEPS
from chat.storage.database import Database
from chat.storage.tables import messages

ROOM = 200_000
"""How many characters we read at a time; the message that exceeds them is read whole."""

MARK = 20
"""What a message counts beside its text: many short messages are as much work as a long one."""


def walk() -> CTE:
    """Walk from the message `leaf` upwards until the texts fill `room` characters."""
    size = func.length(messages.c.text) + MARK
    left = (bindparam("room", type_=Integer) - size).label("room")
    start = select(messages.c.id, messages.c.parent_id, left).where(messages.c.id == bindparam("leaf", type_=Integer))
    steps = start.cte("branch", recursive=True)
    # A parent is older than its child; this condition also stops the walk in a corrupt cycle.
    up = (messages.c.id == steps.c.parent_id) & (messages.c.id < steps.c.id)
    above = select(messages.c.id, messages.c.parent_id, steps.c.room - size).join(steps, up & (steps.c.room > 0))
    return steps.union_all(above)


SELECT_ANCESTORS = (
    select(messages.c.id, messages.c.parent_id, messages.c.role, messages.c.text)
    .where(messages.c.id.in_(select(walk().c.id)))
    .order_by(messages.c.id.desc())
)
COUNT_BRANCH = select(func.count(STEPS))


class Ancestor(NamedTuple):
    """A message as a model reads it."""

    id: int
    parent_id: int | None
    role: str
    text: str


class Ancestry:
    """The messages from `newest` upwards, some at a time. In between it holds no connection, and yields the CPU."""

    def __init__(self, database: Database, newest: int | None):
        self.database = database
        self._next = newest

    def __iter__(self) -> Iterator[Ancestor]:
        while self._next is not None:
            with self.database.read() as connection:
                rows = connection.execute(SELECT_ANCESTORS, {"leaf": self._next, "room": ROOM}).all()
            self._next = None
            for row in rows:
                self._next = row.parent_id if (row.parent_id or row.id) < row.id else None  # no cycle, as above
                yield Ancestor(*row)
            time.sleep(0)

    def unread(self) -> int:
        """Count the messages further up, which were not read."""
        if self._next is None:
            return 0
        with self.database.read() as connection:
            return connection.execute(COUNT_BRANCH, {"leaf": self._next, "size": ALL, "above": 0}).scalar_one()
