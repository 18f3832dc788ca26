"""Ask: store what a person wrote and the reply it wants, in one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from chat import accounts, limits
from chat.conversations.finding import NotFound
from chat.conversations.naming import title_of
from chat.database import Database, clock
from chat.limits import Asker
from chat.tables import conversations, messages, replies

LEASE = 5
"""How long a reply stays its writer's without a sign of life, in seconds."""


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
    person_id: int | None


def ask(
    database: Database,
    asker: Asker,
    conversation_id: int | None,
    text: str,
    choice: Choice,
    key: str | None = None,
    parent_id: int | None = None,
) -> Turn:
    """Store a person's message and an empty reply to it in one transaction; None as conversation begins a new one.

    The message goes on from the reply `parent_id`, or from the one that is shown. The same `key` again is the same
    turn, and gives it back without an owner. A newcomer becomes a guest here. Raises NotFound, StillAnswering,
    WrongParent and TooMany.
    """
    return settled(lambda: ask_once(database, asker, conversation_id, text, choice, key, parent_id))


def settled(attempt: Callable[[], Turn]) -> Turn:
    """Make a turn; where the same post was first in another worker, the second attempt finds its turn."""
    try:
        return attempt()
    except IntegrityError:
        return attempt()


def ask_once(
    database: Database,
    asker: Asker,
    conversation_id: int | None,
    text: str,
    choice: Choice,
    key: str | None,
    parent_id: int | None,
) -> Turn:
    """Do what `ask` does. Raises IntegrityError where the same form is being used at this moment."""
    with database.write() as connection:
        asker = introduced(connection, asker)
        leaf_id = None if conversation_id is None else held_leaf(connection, asker.person_id, conversation_id)
        known = key and turn_of(connection, asker.person_id, key)
        if known:
            return known
        above = leaf_id if parent_id is None else reply_here(connection, conversation_id, parent_id)
        require_answered(connection, replies.c.id == above)
        conversation_id = conversation_id or begin(connection, asker.person_id, text)
        message_id = new_message(connection, conversation_id, above, "user", text, key)
        return expect_reply(connection, asker, conversation_id, message_id, choice)


def introduced(connection: Connection, asker: Asker) -> Asker:
    """Make a guest of a newcomer. Raises IntegrityError where the same form makes one at this moment."""
    return asker if asker.person_id else replace(asker, person_id=accounts.welcome(connection, asker.guest))


def held_leaf(connection: Connection, person_id: int | None, conversation_id: int) -> int | None:
    """Find the message to go on from; nobody else goes on from it until the transaction ends. Raises NotFound."""
    mine = (conversations.c.id == conversation_id) & (conversations.c.person_id == person_id)
    found = connection.execute(select(conversations.c.leaf_id).where(mine).with_for_update()).first()
    if found is None:
        raise NotFound
    return found.leaf_id


def turn_of(connection: Connection, person_id: int | None, key: str) -> Turn | None:
    """Find the turn that a key was used for. Raises NotFound where it was somebody else's."""
    reply = messages.alias()
    found = connection.execute(
        select(messages.c.conversation_id, func.max(reply.c.id).label("reply_id"), conversations.c.person_id)
        .join(conversations, conversations.c.id == messages.c.conversation_id)
        .join(reply, reply.c.parent_id == messages.c.id)
        .where(messages.c.turn_key == key)
        .group_by(messages.c.conversation_id, conversations.c.person_id)
    ).first()
    if found and found.person_id != person_id:
        raise NotFound
    return Turn(found.conversation_id, found.reply_id, None, person_id) if found else None


def reply_here(connection: Connection, conversation_id: int | None, message_id: int) -> int:
    """Give a message back where one can go on from it: a reply in this conversation. Raises WrongParent."""
    here = (messages.c.id == message_id) & (messages.c.conversation_id == conversation_id)
    if not connection.execute(select(messages.c.id).where(here, messages.c.role == "assistant")).first():
        raise WrongParent("There is no answer in this conversation to go on from. Reload the page, then send again.")
    return message_id


def require_answered(connection: Connection, which: ColumnElement[bool]) -> None:
    """Raise StillAnswering where one of some replies is still being written."""
    if connection.execute(select(replies.c.id).where(which, replies.c.state == "generating")).first():
        raise StillAnswering("The answer above is still being written. Wait for its end, or stop it, then send again.")


def begin(connection: Connection, person_id: int | None, text: str) -> int:
    """Make a conversation, titled by its first words."""
    row = {"person_id": person_id, "title": title_of(text), "created_at": clock(), "updated_at": clock()}
    return connection.execute(insert(conversations).values(row).returning(conversations.c.id)).scalar_one()


def new_message(
    connection: Connection, conversation_id: int, parent_id: int | None, role: str, text: str, key: str | None = None
) -> int:
    """Add a message to the tree."""
    row = {"conversation_id": conversation_id, "parent_id": parent_id, "role": role, "text": text, "turn_key": key}
    added = insert(messages).values(row | {"created_at": clock()}).returning(messages.c.id)
    return connection.execute(added).scalar_one()


def expect_reply(connection: Connection, asker: Asker, conversation_id: int, parent_id: int, choice: Choice) -> Turn:
    """Add an empty reply under a message, owned by the caller, and show that branch. Raises TooMany."""
    limits.admit(connection, asker)
    reply_id = new_message(connection, conversation_id, parent_id, "assistant", "")
    owner = secrets.token_hex(16)
    row = {"id": reply_id, "state": "generating", "provider": choice.provider, "model": choice.model, "owner": owner}
    lease = {"lease_until": clock() + LEASE, "stop": False, "attempts": 0, "left_out": 0, "created_at": clock()}
    connection.execute(insert(replies).values(row | lease | {"address": asker.address}))
    shown = update(conversations).where(conversations.c.id == conversation_id)
    mixed = conversations.c.mixed | of_another_model(choice)
    connection.execute(shown.values(leaf_id=reply_id, unread=False, mixed=mixed, updated_at=clock()))
    return Turn(conversation_id, reply_id, owner, asker.person_id)


def of_another_model(choice: Choice) -> ColumnElement[bool]:
    """Tell within an update of a conversation whether another model wrote what it shows; one reply speaks for all."""
    other = (replies.c.provider != choice.provider) | (replies.c.model != choice.model)
    return select(replies.c.id).where(replies.c.id == conversations.c.leaf_id, other).exists()
