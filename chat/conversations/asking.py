"""Ask: store what a person wrote and the reply it wants, in one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, Select, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from chat.conversations.finding import OWN_CONVERSATION, NotFound
from chat.conversations.naming import title_of
from chat.database import Database, clock
from chat.tables import conversations, messages, replies

LEASE = 5
"""How long a reply stays its writer's without a sign of life, in seconds."""

HELD = OWN_CONVERSATION.with_only_columns(conversations.c.leaf_id).with_for_update()

ANSWER = messages.alias()
TURN = (
    select(messages.c.conversation_id, func.max(ANSWER.c.id).label("reply_id"), conversations.c.person_id)
    .join(conversations, conversations.c.id == messages.c.conversation_id)
    .join(ANSWER, ANSWER.c.parent_id == messages.c.id)
    .where(messages.c.turn_key == bindparam("key"))
    .group_by(messages.c.conversation_id, conversations.c.person_id)
)

GENERATING = select(replies.c.id).where(replies.c.state == "generating")
GENERATING_NOW = GENERATING.where(replies.c.id == bindparam("id"))

NEW_CONVERSATION = insert(conversations).values(created_at=clock(), updated_at=clock()).returning(conversations.c.id)
NEW_MESSAGE = insert(messages).values(created_at=clock()).returning(messages.c.id)
NEW_REPLY = insert(replies).values(state="generating", lease_until=clock() + LEASE, created_at=clock())

# One reply speaks for all that a conversation shows.
OTHER_MODEL = (replies.c.provider != bindparam("provider")) | (replies.c.model != bindparam("model"))
MIXED = (
    conversations.c.mixed | select(replies.c.id).where(replies.c.id == conversations.c.leaf_id, OTHER_MODEL).exists()
)
SHOWN = (
    update(conversations)
    .where(conversations.c.id == bindparam("conversation"))
    .values(leaf_id=bindparam("leaf"), unread=False, mixed=MIXED, updated_at=clock())
)


class StillAnswering(Exception):
    """The answer above is still being written."""


class WrongParent(Exception):
    """A message can't go on from there; the text says what to do."""


@dataclass(frozen=True)
class Choice:
    """The provider and the model that shall answer."""

    provider: str
    model: str


@dataclass(frozen=True)
class Turn:
    """A message of a person and the reply to it; `owner` is the right to write the reply, None where it isn't ours."""

    conversation_id: int
    reply_id: int
    owner: str | None


def ask(
    database: Database,
    person_id: int,
    conversation_id: int | None,
    text: str,
    choice: Choice,
    key: str | None = None,
    parent_id: int | None = None,
) -> Turn:
    """Store a person's message and an empty reply to it in one transaction; None as conversation begins a new one.

    The message goes on from the reply `parent_id`, or from the one that is shown. The same `key` again is the same
    turn, and gives it back without an owner. Raises NotFound, StillAnswering and WrongParent.
    """
    return settled(lambda: ask_once(database, person_id, conversation_id, text, choice, key, parent_id))


def settled(attempt: Callable[[], Turn]) -> Turn:
    """Make a turn; where the same post was first in another worker, the second attempt finds its turn."""
    try:
        return attempt()
    except IntegrityError:
        return attempt()


def ask_once(
    database: Database,
    person_id: int,
    conversation_id: int | None,
    text: str,
    choice: Choice,
    key: str | None,
    parent_id: int | None,
) -> Turn:
    """Do what `ask` does. Raises IntegrityError where the same key is being used at this moment."""
    with database.write() as connection:
        leaf_id = None if conversation_id is None else held_leaf(connection, person_id, conversation_id)
        known = key and turn_of(connection, person_id, key)
        if known:
            return known
        above = leaf_id if parent_id is None else reply_here(connection, conversation_id, parent_id)
        require_answered(connection, GENERATING_NOW, id=above)
        conversation_id = conversation_id or begin(connection, person_id, text)
        message_id = new_message(connection, conversation_id, above, "user", text, key)
        return expect_reply(connection, conversation_id, message_id, choice)


def held_leaf(connection: Connection, person_id: int | None, conversation_id: int) -> int | None:
    """Find the message to go on from; nobody else goes on from it until the transaction ends. Raises NotFound."""
    found = connection.execute(HELD, {"id": conversation_id, "person": person_id}).first()
    if found is None:
        raise NotFound
    return found.leaf_id


def turn_of(connection: Connection, person_id: int | None, key: str) -> Turn | None:
    """Find the turn that a key was used for. Raises NotFound where it was somebody else's."""
    found = connection.execute(TURN, {"key": key}).first()
    if found and found.person_id != person_id:
        raise NotFound
    return Turn(found.conversation_id, found.reply_id, None) if found else None


def reply_here(connection: Connection, conversation_id: int | None, message_id: int) -> int:
    """Give a message back where one can go on from it: a reply in this conversation. Raises WrongParent."""
    here = (messages.c.id == message_id) & (messages.c.conversation_id == conversation_id)
    if not connection.execute(select(messages.c.id).where(here, messages.c.role == "assistant")).first():
        raise WrongParent("There is no answer in this conversation to go on from. Reload the page, then send again.")
    return message_id


def require_answered(connection: Connection, generating: Select, **which: int | None) -> None:
    """Raise StillAnswering where one of some replies is still being written."""
    if connection.execute(generating, which).first():
        raise StillAnswering("The answer above is still being written. Wait for its end, or stop it, then send again.")


def begin(connection: Connection, person_id: int, text: str) -> int:
    """Make a conversation, titled by its first words."""
    row = {"person_id": person_id, "title": title_of(text)}
    return connection.execute(NEW_CONVERSATION, row).scalar_one()


def new_message(
    connection: Connection, conversation_id: int, parent_id: int | None, role: str, text: str, key: str | None = None
) -> int:
    """Add a message to the tree."""
    row = {"conversation_id": conversation_id, "parent_id": parent_id, "role": role, "text": text, "turn_key": key}
    return connection.execute(NEW_MESSAGE, row).scalar_one()


def expect_reply(connection: Connection, conversation_id: int, parent_id: int, choice: Choice) -> Turn:
    """Add an empty reply under a message, owned by the caller, and show that branch."""
    reply_id = new_message(connection, conversation_id, parent_id, "assistant", "")
    owner = secrets.token_hex(16)
    connection.execute(NEW_REPLY, {"id": reply_id, "owner": owner, **asdict(choice)})
    connection.execute(SHOWN, {"conversation": conversation_id, "leaf": reply_id, **asdict(choice)})
    return Turn(conversation_id, reply_id, owner)
