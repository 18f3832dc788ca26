"""The branch that a conversation shows, and the windows of it that pages show.

A window is found from its end upwards, so it costs the same however much stands above it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from sqlalchemy import CTE, Connection, Integer, Row, bindparam, func, literal, select

from chat.conversations.queries import read_message
from chat.conversations.records import SELECT_MESSAGES, Conversation, Message, load_messages
from chat.storage.database import Database, NotFound
from chat.storage.tables import messages

WINDOW = 40
"""How many messages a page shows at once; an even number, so that it begins with a question."""

ROOM = 400_000
"""How many characters the messages of a window have; two of them are shown however long they are."""

ALL = 1_000_000_000
"""A size that no branch has."""


def walk() -> CTE:
    """Walk from the message `leaf` upwards: `size` messages at most, all newer than `above`."""
    leaf, size, above = (bindparam(name, type_=Integer) for name in ("leaf", "size", "above"))
    start = select(messages.c.id, messages.c.parent_id, literal(1).label("place"))
    steps = start.where(messages.c.id == leaf, messages.c.id > above).cte("branch", recursive=True)
    # A parent is older than its child: a cycle, however it came to be, can't hold the walk.
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
    """Some messages of a branch in their order, and the `leaf` that the branch leads to."""

    rows: Sequence[Message] = ()
    leaf: Message | None = None

    @property
    def earlier(self) -> int | None:
        """The message before which there are others, where there are."""
        return self.rows[0].id if self.rows and self.rows[0].parent_id is not None else None

    @property
    def later(self) -> int | None:
        """The message after which there are others, where there are."""
        return self.rows[-1].id if self.rows and self.leaf and self.rows[-1].id != self.leaf.id else None


def newest(database: Database, leaf_id: int | None, size: int = WINDOW) -> Window:
    """Show the last messages down to a leaf."""
    with database.read() as connection:
        rows = read_window(connection, leaf_id) if size == WINDOW else read_last(connection, leaf_id, size)
    return Window(rows, rows[-1] if rows else None)


def before(database: Database, conversation: Conversation, message_id: int) -> Window:
    """Show what stands before a message. Raises NotFound where that is nothing."""
    with database.read() as connection:
        here = (messages.c.id == message_id) & (messages.c.conversation_id == conversation.id)
        end = connection.execute(select(messages.c.parent_id).where(here)).scalar()
        if end is None:
            raise NotFound
        return Window(read_window(connection, end), read_message(connection, conversation.leaf_id))


def after(database: Database, conversation: Conversation, message_id: int) -> Window:
    """Show what follows a message of the branch that is shown. Raises NotFound where that is nothing."""
    with database.read() as connection:
        end = find_below(connection, conversation.leaf_id, message_id, WINDOW)
        rows = read_window(connection, end, above=message_id, start=message_id)
        if not rows or rows[0].parent_id != message_id:  # another branch is shown by now
            raise NotFound
        return Window(rows, read_message(connection, conversation.leaf_id))


def around(database: Database, conversation: Conversation, message_id: int) -> Window:
    """Show a message of the branch that is shown with what stands around it."""
    with database.read() as connection:
        end = find_below(connection, conversation.leaf_id, message_id, WINDOW // 2)
        return Window(read_window(connection, end, start=message_id), read_message(connection, conversation.leaf_id))


def read_window(connection: Connection, end: int | None, above: int = 0, start: int | None = None) -> list[Message]:
    """Read the last messages down to `end`, as many as a window has room for; where `start` is given, from there on and
    what stands before it.
    """
    sizes = connection.execute(SELECT_SIZES, {"leaf": end, "above": above, "size": WINDOW}).all()
    later = [size for size in sizes if start is not None and size.id >= start]
    earlier = sizes[: len(sizes) - len(later)]
    ids = [*reversed(fit(earlier[::-1])), *fit(later)]
    return load_messages(connection.execute(SELECT_MESSAGES_BY_ID, {"ids": ids}))


def fit(sizes: Sequence[Row]) -> list[int]:
    """List the first messages that have room together; where that isn't all, an even number, as answers follow."""
    count = sum(total <= ROOM for total in accumulate(size for _, size in sizes))
    most = len(sizes) if count == len(sizes) else max(2, count - count % 2)
    return [message_id for message_id, _ in sizes[:most]]


def find_below(connection: Connection, leaf_id: int | None, message_id: int, count: int) -> int | None:
    """Find what stands `count` messages under another one on the way to a leaf: the leaf, where that comes sooner."""
    walked = {"leaf": leaf_id, "above": message_id, "size": ALL, "skipped": count - 1}
    return connection.execute(SELECT_BELOW, walked).scalar() or leaf_id


def read_last(connection: Connection, leaf_id: int | None, size: int) -> list[Message]:
    """Read the last messages of a branch, `size` at most, in their order, which is that of age."""
    return load_messages(connection.execute(SELECT_BRANCH, {"leaf": leaf_id, "above": 0, "size": size}))
