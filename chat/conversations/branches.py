"""Branches: versions of messages, side by side in the tree, and which of them is shown."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Boolean, Connection, bindparam, func, select, union_all, update

from chat import people
from chat.conversations import queue
from chat.conversations.queries import lock_leaf, message_of, reply_of
from chat.conversations.records import Message
from chat.conversations.submission import (
    WrongParent,
    find_turn,
    require_answered,
)
from chat.conversations.turns import SELECT_GENERATING, Choice, Draft, Turn, insert_message, insert_reply, key_of
from chat.people.rate_limits import Asker
from chat.storage.database import Database, NotFound
from chat.storage.tables import conversations, messages, replies
from chat.storage.transactions import retry_on_conflict

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
        reply = reply_of(connection, asker.person_id, reply_id)
        lock_leaf(connection, asker.person_id, reply.conversation_id)
        require_answered(connection, SELECT_GENERATING_SIBLING, parent=reply.parent_id)
        return insert_reply(connection, asker, reply.conversation_id, reply.parent_id, choice)


@retry_on_conflict
def edit(database: Database, asker: Asker, message_id: int, draft: Draft) -> Turn:
    """Add another version of a person's message beside it, and an empty reply to it, in one transaction.

    If the key was used for the same text, return that turn, without an owner. Raises NotFound, TooMany, and WrongParent
    if the draft's parent is not the message's.
    """
    key = key_of(draft, f"message {message_id}")
    with database.write() as connection:
        people.lock_active(connection, asker.person_id)
        edited = message_of(connection, asker.person_id, message_id)
        if edited.role != "user":
            raise NotFound
        lock_leaf(connection, asker.person_id, edited.conversation_id)
        known = key and find_turn(connection, asker.person_id, key)
        if known:
            return known
        if draft.parent_id not in {None, edited.parent_id}:
            raise WrongParent("This message has changed since you opened the page. Reload and edit it again.")
        added = insert_message(connection, edited.conversation_id, edited.parent_id, "user", draft.text, key)
        return queue.move(connection, insert_reply(connection, asker, edited.conversation_id, added, draft.choice))


def show(database: Database, person_id: int | None, message_id: int) -> Message:
    """Show a message's branch down to its newest leaf; return the message. Raises NotFound."""
    with database.write() as connection:
        message = message_of(connection, person_id, message_id)
        lock_leaf(connection, person_id, message.conversation_id)
        shown = update(conversations).where(conversations.c.id == message.conversation_id)
        connection.execute(shown.values(leaf_id=newest_below(connection, message_id)))
    return message


def newest_below(connection: Connection, message_id: int) -> int:
    """Return the newest message below another one. It is a leaf, because children are newer."""
    steps = select(messages.c.id).where(messages.c.id == message_id).cte("branch", recursive=True)
    # A child is newer than its parent; this condition also stops the walk in a corrupt cycle.
    down = (messages.c.parent_id == steps.c.id) & (messages.c.id > steps.c.id)
    steps = steps.union_all(select(messages.c.id).join(steps, down))
    return connection.execute(select(func.max(steps.c.id))).scalar_one()


def versions(database: Database, shown: Sequence[Message]) -> dict[int, list[int]]:
    """Return the versions of each message: itself and its siblings, the oldest first."""
    if not shown:
        return {}
    parents = {message.parent_id for message in shown}
    among = {"conversation": shown[0].conversation_id, "parents": parents - {None}, "first": None in parents}
    children: dict[int | None, list[int]] = {}
    with database.read() as connection:
        for message_id, parent_id in connection.execute(SELECT_SIBLINGS, among):
            children.setdefault(parent_id, []).append(message_id)
    return {message.id: children.get(message.parent_id, [message.id]) for message in shown}
