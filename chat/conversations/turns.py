"""A turn: a person's message and the reply to it, in the tree."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, bindparam, insert, select, update

from chat.people import rate_limits
from chat.people.rate_limits import Asker
from chat.storage.database import clock
from chat.storage.leases import LEASE
from chat.storage.tables import conversations, messages, replies

INSERT_MESSAGE = insert(messages).values(created_at=clock()).returning(messages.c.id)
INSERT_REPLY = insert(replies).values(state="generating", lease_until=clock() + LEASE, created_at=clock())
SELECT_GENERATING = select(replies.c.id).where(replies.c.state == "generating")

# Whether another model wrote the shown branch; we compare only its last reply.
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
    """The provider and the model of an answer."""

    provider: str
    model: str


@dataclass(frozen=True)
class Draft:
    """A person's text and the model to answer it; `key` is the form's own, `parent_id` the reply that it follows.

    `room` is how many characters can wait for a running reply; 0 if none can.
    """

    text: str
    choice: Choice
    key: str | None = None
    parent_id: int | None = None
    room: int = 0


@dataclass(frozen=True)
class Turn:
    """A person's message and the reply to it; `stored` is the text of a continued reply.

    `owner` is the right to write the reply; None if another process has it. A `queued` message waits for that reply.
    """

    conversation_id: int
    reply_id: int
    owner: str | None
    person_id: int | None
    stored: str = ""
    queued: bool = False


def key_of(draft: Draft, place: str) -> str | None:
    """Return the key of a turn: a digest of the form's key, the address and the text. None without a form's key.

    A form that is sent twice is the same turn; with another text it is another turn.
    """
    return draft.key and hashlib.sha256("\0".join([draft.key, place, draft.text]).encode()).hexdigest()


def insert_message(
    connection: Connection, conversation_id: int, parent_id: int | None, role: str, text: str, key: str | None = None
) -> int:
    row = {"conversation_id": conversation_id, "parent_id": parent_id, "role": role, "text": text, "turn_key": key}
    return connection.execute(INSERT_MESSAGE, row).scalar_one()


def insert_reply(
    connection: Connection, asker: Asker, conversation_id: int, parent_id: int | None, choice: Choice
) -> Turn:
    """Add an empty reply below a message, owned by the caller, and show its branch. Raises TooMany."""
    rate_limits.register_send(connection, asker)
    reply_id = insert_message(connection, conversation_id, parent_id, "assistant", "")
    owner = secrets.token_hex(16)
    connection.execute(INSERT_REPLY, {"id": reply_id, "owner": owner, "address": asker.address, **asdict(choice)})
    connection.execute(UPDATE_CONVERSATION, {"conversation": conversation_id, "leaf": reply_id, **asdict(choice)})
    return Turn(conversation_id, reply_id, owner, asker.person_id)
