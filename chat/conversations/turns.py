"""A turn: a person's message and the reply to it, put into the tree."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, bindparam, insert, select, update

from chat.conversations.titles import title_of
from chat.people import rate_limits
from chat.people.rate_limits import Asker
from chat.storage.database import clock
from chat.storage.leases import LEASE
from chat.storage.tables import conversations, messages, replies

INSERT_CONVERSATION = insert(conversations).values(created_at=clock(), updated_at=clock()).returning(conversations.c.id)
INSERT_MESSAGE = insert(messages).values(created_at=clock()).returning(messages.c.id)
INSERT_REPLY = insert(replies).values(state="generating", lease_until=clock() + LEASE, created_at=clock())

# Whether another model wrote what the conversation shows; one reply speaks for all.
OTHER_MODEL = (replies.c.provider != bindparam("provider")) | (replies.c.model != bindparam("model"))
MIXED = (
    conversations.c.mixed | select(replies.c.id).where(replies.c.id == conversations.c.leaf_id, OTHER_MODEL).exists()
)
UPDATE_CONVERSATION = (
    update(conversations)
    .where(conversations.c.id == bindparam("conversation"))
    .values(leaf_id=bindparam("leaf"), unread=False, mixed=MIXED, updated_at=clock())
)


@dataclass(frozen=True)
class Choice:
    """The provider and the model that shall answer."""

    provider: str
    model: str


@dataclass(frozen=True)
class Draft:
    """What a person writes and who shall answer: a form's own `key`, and the reply `parent_id` it goes on from."""

    text: str
    choice: Choice
    key: str | None = None
    parent_id: int | None = None


@dataclass(frozen=True)
class Turn:
    """A message of a person and the reply to it; `stored` is the text of a reply that is continued.

    `owner` is the right to write the reply, None where another process has it.
    """

    conversation_id: int
    reply_id: int
    owner: str | None
    person_id: int | None
    stored: str = ""


def key_of(draft: Draft, place: str) -> str | None:
    """Name the turn that a draft asks for, by its form's own key, where it is sent to, and what it says.

    So the same form again is the same turn, and another text in it is another one. A form without a key has no name.
    """
    return draft.key and hashlib.sha256("\0".join([draft.key, place, draft.text]).encode()).hexdigest()


def insert_conversation(connection: Connection, person_id: int | None, text: str) -> int:
    """Make a conversation, titled by its first words."""
    row = {"person_id": person_id, "title": title_of(text)}
    return connection.execute(INSERT_CONVERSATION, row).scalar_one()


def insert_message(
    connection: Connection, conversation_id: int, parent_id: int | None, role: str, text: str, key: str | None = None
) -> int:
    """Add a message to the tree."""
    row = {"conversation_id": conversation_id, "parent_id": parent_id, "role": role, "text": text, "turn_key": key}
    return connection.execute(INSERT_MESSAGE, row).scalar_one()


def insert_reply(
    connection: Connection, asker: Asker, conversation_id: int, parent_id: int | None, choice: Choice
) -> Turn:
    """Add an empty reply under a message, owned by the caller, and show that branch. Raises TooMany."""
    rate_limits.register_send(connection, asker)
    reply_id = insert_message(connection, conversation_id, parent_id, "assistant", "")
    owner = secrets.token_hex(16)
    connection.execute(INSERT_REPLY, {"id": reply_id, "owner": owner, "address": asker.address, **asdict(choice)})
    connection.execute(UPDATE_CONVERSATION, {"conversation": conversation_id, "leaf": reply_id, **asdict(choice)})
    return Turn(conversation_id, reply_id, owner, asker.person_id)
