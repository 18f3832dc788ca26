"""What stands above a message of a branch, for a model to read: from the newest upwards, as far as it is wanted."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from sqlalchemy import CTE, Integer, Row, bindparam, func, select

from chat.conversations.paging import ALL, STEPS
from chat.storage.database import Database
from chat.storage.tables import messages

ROOM = 200_000
"""How many characters are read at a time; the message that passes them is read whole."""

MARK = 20
"""What a message counts beside its text: many short ones are no less work."""


def walk() -> CTE:
    """Walk from the message `leaf` upwards until the texts fill `room` characters."""
    size = func.length(messages.c.text) + MARK
    left = (bindparam("room", type_=Integer) - size).label("room")
    start = select(messages.c.id, messages.c.parent_id, left).where(messages.c.id == bindparam("leaf", type_=Integer))
    steps = start.cte("branch", recursive=True)
    # A parent is older than its child: a cycle, however it came to be, can't hold the walk.
    up = (messages.c.id == steps.c.parent_id) & (messages.c.id < steps.c.id)
    above = select(messages.c.id, messages.c.parent_id, steps.c.room - size).join(steps, up & (steps.c.room > 0))
    return steps.union_all(above)


SELECT_ANCESTORS = (
    select(messages.c.id, messages.c.parent_id, messages.c.role, messages.c.text)
    .where(messages.c.id.in_(select(walk().c.id)))
    .order_by(messages.c.id.desc())
)
COUNT_BRANCH = select(func.count(STEPS))


class Ancestry:
    """The messages from `newest` upwards. Some are read at a time; between, nothing is held and others have a turn."""

    def __init__(self, database: Database, newest: int | None):
        self.database = database
        self._next = newest

    def __iter__(self) -> Iterator[Row]:
        while self._next is not None and (rows := self._read(self._next)):
            for row in rows:
                self._next = row.parent_id if (row.parent_id or row.id) < row.id else None  # nor from part to part
                yield row
            time.sleep(0)

    def _read(self, leaf_id: int) -> Sequence[Row]:
        with self.database.read() as connection:
            return connection.execute(SELECT_ANCESTORS, {"leaf": leaf_id, "room": ROOM}).all()

    def unread(self) -> int:
        """Count the messages above the ones that were read."""
        if self._next is None:
            return 0
        with self.database.read() as connection:
            return connection.execute(COUNT_BRANCH, {"leaf": self._next, "size": ALL, "above": 0}).scalar_one()
