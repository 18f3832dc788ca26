"""Branches: other versions of what was said, side by side in the tree, and which of them is shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Boolean, Connection, Row, bindparam, func, select, union_all, update

from chat import people
from chat.conversations.queries import owned_message, owned_reply
from chat.conversations.submission import (
    SELECT_GENERATING,
    WrongParent,
    find_turn,
    lock_leaf,
    require_answered,
    retry_on_conflict,
)
from chat.conversations.turns import Choice, Turn, insert_message, insert_reply, key_of
from chat.people.rate_limits import Asker
from chat.storage.database import Database, NotFound
from chat.storage.tables import conversations, messages, replies

SELECT_CHILDREN = select(messages.c.id, messages.c.parent_id).where(
    messages.c.conversation_id == bindparam("conversation")
)
SELECT_SIBLINGS = union_all(
    SELECT_CHILDREN.where(messages.c.parent_id.in_(bindparam("parents", expanding=True))),
    SELECT_CHILDREN.where(messages.c.parent_id.is_(None), bindparam("first", type_=Boolean)),
).order_by("id")

SELECT_VERSIONS = select(messages.c.id).where(messages.c.parent_id == bindparam("parent"))
SELECT_GENERATING_SIBLING = SELECT_GENERATING.where(replies.c.id.in_(SELECT_VERSIONS))


def try_again(database: Database, asker: Asker, reply_id: int, choice: Choice) -> Turn:
    """Add another reply beside one that has ended. Raises NotFound, StillAnswering and TooMany."""
    with database.write() as connection:
        people.lock_active(connection, asker.person_id)
        reply = owned_reply(connection, asker.person_id, reply_id)
        lock_leaf(connection, asker.person_id, reply.conversation_id)
        require_answered(connection, SELECT_GENERATING_SIBLING, parent=reply.parent_id)
        return insert_reply(connection, asker, reply.conversation_id, reply.parent_id, choice)


def edit(
    database: Database,
    asker: Asker,
    message_id: int,
    text: str,
    choice: Choice,
    key: str | None = None,
    parent_id: int | None = None,
) -> Turn:
    """Add another version of a person's message beside it, and an empty reply to it, in one transaction.

    The same text with the same `key` again is the same turn, and gives it back without an owner. Raises NotFound,
    TooMany, and WrongParent where `parent_id` is not what the message goes on from.
    """
    turn_key = key_of(key, f"message {message_id}", text)
    return retry_on_conflict(lambda: edit_once(database, asker, message_id, text, choice, turn_key, parent_id))


def edit_once(
    database: Database,
    asker: Asker,
    message_id: int,
    text: str,
    choice: Choice,
    key: str | None,
    parent_id: int | None,
) -> Turn:
    """Do what `edit` does. Raises IntegrityError where the same key is being used at this moment."""
    with database.write() as connection:
        people.lock_active(connection, asker.person_id)
        edited = owned_message(connection, asker.person_id, message_id)
        if edited.role != "user":
            raise NotFound
        lock_leaf(connection, asker.person_id, edited.conversation_id)
        known = key and find_turn(connection, asker.person_id, key)
        if known:
            return known
        if parent_id not in {None, edited.parent_id}:
            raise WrongParent("An edited message stays where it was. Reload the page, then edit it again.")
        added = insert_message(connection, edited.conversation_id, edited.parent_id, "user", text, key)
        return insert_reply(connection, asker, edited.conversation_id, added, choice)


def show(database: Database, person_id: int | None, message_id: int) -> Row:
    """Show the branch that a message stands on, as far as its newest leaf; gives the message. Raises NotFound."""
    with database.write() as connection:
        message = owned_message(connection, person_id, message_id)
        lock_leaf(connection, person_id, message.conversation_id)
        shown = update(conversations).where(conversations.c.id == message.conversation_id)
        connection.execute(shown.values(leaf_id=newest_below(connection, message_id)))
    return message


def newest_below(connection: Connection, message_id: int) -> int:
    """Find the newest message of a branch; it is a leaf, since what follows a message is newer."""
    steps = select(messages.c.id).where(messages.c.id == message_id).cte("branch", recursive=True)
    # A child is newer than its parent: a cycle, however it came to be, can't hold the walk.
    down = (messages.c.parent_id == steps.c.id) & (messages.c.id > steps.c.id)
    steps = steps.union_all(select(messages.c.id).join(steps, down))
    return connection.execute(select(func.max(steps.c.id))).scalar_one()


def versions(database: Database, shown: Sequence[Row]) -> dict[int, list[int]]:
    """Tell for each of some messages which versions there are: itself and its siblings, the oldest first."""
    if not shown:
        return {}
    children: dict[int | None, list[int]] = {}
    with database.read() as connection:
        for row in siblings(connection, shown):
            children.setdefault(row.parent_id, []).append(row.id)
    return {row.id: children.get(row.parent_id, [row.id]) for row in shown}


def siblings(connection: Connection, shown: Sequence[Row]) -> Iterable[Row]:
    """Read what has a parent in common with one of some messages; of a first message, what has none either."""
    parents = {row.parent_id for row in shown}
    among = {"conversation": shown[0].conversation_id, "parents": parents - {None}, "first": None in parents}
    return connection.execute(SELECT_SIBLINGS, among)
