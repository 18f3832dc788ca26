"""Ask: store a person's message and an empty reply to it, in one transaction."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, Select, bindparam, func, insert, select

from chat import people
from chat.conversations import queue
from chat.conversations.queries import lock_leaf
from chat.conversations.titles import title_of
from chat.conversations.turns import Draft, Turn, insert_message, insert_reply, key_of
from chat.people.rate_limits import Asker
from chat.storage.database import Database, NotFound, clock
from chat.storage.tables import conversations, messages
from chat.storage.transactions import retry_on_conflict

INSERT_CONVERSATION = insert(conversations).values(created_at=clock(), updated_at=clock()).returning(conversations.c.id)

ANSWER = messages.alias()
SELECT_TURN = (
    select(messages.c.conversation_id, func.max(ANSWER.c.id).label("reply_id"), conversations.c.person_id)
    .join(conversations, conversations.c.id == messages.c.conversation_id)
    .join(ANSWER, ANSWER.c.parent_id == messages.c.id)
    .where(messages.c.turn_key == bindparam("key"))
    .group_by(messages.c.conversation_id, conversations.c.person_id)
)

STILL_ANSWERING = "The last answer is still being written. Wait for it to finish, or stop it first."


class StillAnswering(Exception):
    """A model is still writing the answer above."""


class WrongParent(Exception):
    """A message can't follow that parent; the text says what to do."""


@retry_on_conflict
def ask(database: Database, asker: Asker, conversation_id: int | None, draft: Draft) -> Turn:
    """Store a person's message and an empty reply to it in one transaction; without a conversation start a new one.

    The message follows the draft's parent, or the last shown reply. While that reply is running, a draft with `room`
    waits in the queue. If the key was used for the same text, return that turn, without an owner. A newcomer becomes a
    guest. Raises NotFound, StillAnswering, QueueFull, WrongParent and TooMany.
    """
    key = key_of(draft, f"conversation {conversation_id}")
    with database.write() as connection:
        asker = ensure_person(connection, asker)
        leaf_id = None if conversation_id is None else lock_leaf(connection, asker.person_id, conversation_id)
        known = key and find_turn(connection, asker.person_id, key)
        if known:
            return known
        parent_id = draft.parent_id
        above = leaf_id if parent_id is None else require_reply(connection, conversation_id, parent_id)
        if conversation_id and above and queue.is_running(connection, above):
            if not draft.room:
                raise StillAnswering(STILL_ANSWERING)
            return queue.add(connection, asker, conversation_id, above, draft, key)
        if conversation_id is None:
            titled = {"person_id": asker.person_id, "title": title_of(draft.text)}
            conversation_id = connection.execute(INSERT_CONVERSATION, titled).scalar_one()
        elif key:
            queue.discard(connection, conversation_id, key)
        message_id = insert_message(connection, conversation_id, above, "user", draft.text, key)
        return insert_reply(connection, asker, conversation_id, message_id, draft.choice)


def ensure_person(connection: Connection, asker: Asker) -> Asker:
    """Create a guest for a newcomer; for others lock the person, and merge the form's guest into them.

    Raises IntegrityError if another process creates the same guest now, and NotFound.
    """
    if not asker.person_id:
        return replace(asker, person_id=people.get_or_create(connection, asker.guest))
    lost = people.lock_lost(connection, asker.guest, asker.person_id)
    people.lock_active(connection, asker.person_id)
    people.merge_into(connection, lost, asker.person_id)
    return asker


def find_turn(connection: Connection, person_id: int | None, key: str) -> Turn | None:
    """Return the turn that a key was used for. Raises NotFound if it is another person's."""
    found = connection.execute(SELECT_TURN, {"key": key}).first()
    if found and found.person_id != person_id:
        raise NotFound
    return Turn(found.conversation_id, found.reply_id, None, person_id) if found else None


def require_reply(connection: Connection, conversation_id: int | None, message_id: int) -> int:
    """Return a message's id if it is a reply in this conversation. Raises WrongParent."""
    here = (messages.c.id == message_id) & (messages.c.conversation_id == conversation_id)
    if not connection.execute(select(messages.c.id).where(here, messages.c.role == "assistant")).first():
        raise WrongParent("This chat has changed since you opened the page. Reload and send again.")
    return message_id


def require_answered(connection: Connection, generating: Select, **which: int | None) -> None:
    """Raise StillAnswering if a statement finds a running reply."""
    if connection.execute(generating, which).first():
        raise StillAnswering(STILL_ANSWERING)
