"""Windows: the parts of a branch that pages show.

We read a window from its end upwards, so its cost doesn't depend on the messages above it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from sqlalchemy import CTE, Connection, Integer, Row, bindparam, func, literal, select

from chat.conversations.queries import read_message
from chat.conversations.records import SELECT_MESSAGES, Conversation, Message, load_message
from chat.storage.database import Database, NotFound
from chat.storage.tables import messages

WINDOW = 40
"""How many messages a page shows at once; an even number, so that a window begins with a question."""

ROOM = 400_000
"""How many characters of messages a window shows, except that two messages always have room."""

ALL = 1_000_000_000
"""A size that no branch has."""


def walk() -> CTE:
    """Walk from the message `leaf` upwards: `size` messages at most, all newer than `above`."""
    leaf, size, above = (bindparam(name, type_=Integer) for name in ("leaf", "size", "above"))
    start = select(messages.c.id, messages.c.parent_id, literal(1).label("place"))
    steps = start.where(messages.c.id == leaf, messages.c.id > above).cte("branch", recursive=True)
    # A parent is older than its child; this condition also stops the walk in a corrupt cycle.
    up = (messages.c.id == steps.c.parent_id) & (messages.c.id < steps.c.id) & (messages.c.id > above)
    further = select(messages.c.id, messages.c.parent_id, steps.c.place + 1).join(steps, up & (steps.c.place < size))
    return steps.union_all(further)


STEPS = walk().c.id
SELECT_BRANCH = SELECT_MESSAGES.where(messages.c.id.in_(select(STEPS))).order_by(messages.c.id)
SELECT_SIZES = (
    select(messages.c.id, func.length(messages.c.text)).where(messages.c.id.in_(select(STEPS))).order_by(messages.c.id)
)
SELECT_MESSAGES_BY_ID = SELECT_MESSAGES.where(
    messages.c.id.in_(bindparam("ids", type_=Integer, expanding=True))
).order_by(messages.c.id)
SELECT_BELOW = select(STEPS).order_by(STEPS).offset(bindparam("skipped")).limit(1)


@dataclass(frozen=True)
class Window:
    """Some messages of a branch in their order, and the `leaf` of the branch."""

    rows: Sequence[Message] = ()
    leaf: Message | None = None

    @property
    def earlier(self) -> int | None:
        """The first message, if there are others before it."""
        return self.rows[0].id if self.rows and self.rows[0].parent_id is not None else None

    @property
    def later(self) -> int | None:
        """The last message, if there are others after it."""
        return self.rows[-1].id if self.rows and self.leaf and self.rows[-1].id != self.leaf.id else None


def newest(database: Database, leaf_id: int | None, size: int = WINDOW) -> Window:
    """Return the last messages down to a leaf."""
    with database.read() as connection:
        if size == WINDOW:
            rows = read_window(connection, leaf_id)
        else:
            last = connection.execute(SELECT_BRANCH, {"leaf": leaf_id, "above": 0, "size": size})
            rows = [load_message(row) for row in last]
    return Window(rows, rows[-1] if rows else None)


def before(database: Database, conversation: Conversation, message_id: int) -> Window:
    """Return the messages before a message. Raises NotFound if there are none."""
    with database.read() as connection:
        here = (messages.c.id == message_id) & (messages.c.conversation_id == conversation.id)
        end = connection.execute(select(messages.c.parent_id).where(here)).scalar()
        if end is None:
            raise NotFound
        return Window(read_window(connection, end), read_message(connection, conversation.leaf_id))


def after(database: Database, conversation: Conversation, message_id: int) -> Window:
    """Return the messages after a message of the shown branch. Raises NotFound if there are none."""
    with database.read() as connection:
        end = find_below(connection, conversation.leaf_id, message_id, WINDOW)
        rows = read_window(connection, end, above=message_id, start=message_id)
        if not rows or rows[0].parent_id != message_id:  # the conversation now shows another branch
            raise NotFound
        return Window(rows, read_message(connection, conversation.leaf_id))


def around(database: Database, conversation: Conversation, message_id: int) -> Window:
    """Return a message of the shown branch, and the messages around it."""
    with database.read() as connection:
        end = find_below(connection, conversation.leaf_id, message_id, WINDOW // 2)
        return Window(read_window(connection, end, start=message_id), read_message(connection, conversation.leaf_id))


def read_window(connection: Connection, end: int | None, above: int = 0, start: int | None = None) -> list[Message]:
    """Read the last messages down to `end` that have room in a window; those from `start` on take precedence."""
    sizes = connection.execute(SELECT_SIZES, {"leaf": end, "above": above, "size": WINDOW}).all()
    later = [size for size in sizes if start is not None and size.id >= start]
    earlier = sizes[: len(sizes) - len(later)]
    ids = [*reversed(fit(earlier[::-1])), *fit(later)]
    return [load_message(row) for row in connection.execute(SELECT_MESSAGES_BY_ID, {"ids": ids})]


def fit(sizes: Sequence[Row]) -> list[int]:
    """List the first messages that have room together; if not all have, an even number of them."""
    count = sum(total <= ROOM for total in accumulate(size for _, size in sizes))
    most = len(sizes) if count == len(sizes) else max(2, count - count % 2)
    return [message_id for message_id, _ in sizes[:most]]


def find_below(connection: Connection, leaf_id: int | None, message_id: int, count: int) -> int | None:
    """Return the message `count` steps below another one on the way to a leaf, or the leaf if that comes sooner."""
    walked = {"leaf": leaf_id, "above": message_id, "size": ALL, "skipped": count - 1}
    return connection.execute(SELECT_BELOW, walked).scalar() or leaf_id
