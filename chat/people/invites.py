"""Invites: links by which somebody makes an account, with a role, an end and a number of uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Integer, Row, bindparam, delete, exists, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from chat.config.durations import DAY
from chat.people import accounts, admins, audit, link_tokens
from chat.people.accounts import ROLES
from chat.people.person import Actor
from chat.people.sessions import digest
from chat.storage.database import Database, NotFound, clock
from chat.storage.tables import invites
from chat.storage.tables import people as people_table

DAYS, MOST_DAYS = 7, 90
MOST_USES = 100
KEPT_SECONDS = 30 * DAY
"""How long an invite is kept that has run out, in seconds."""

IS_VALID = link_tokens.is_unexpired(invites) & invites.c.revoked_at.is_(None)
IS_OPEN = IS_VALID & (invites.c.uses_left > 0)
IS_NAMED = link_tokens.is_named(invites)
SELECT_INVITE = select(invites).where(IS_NAMED & IS_OPEN)
SELECT_IS_SPENT = select(exists().where(IS_NAMED, IS_VALID, invites.c.uses_left == 0))
SELECT_OPEN = (
    select(invites, people_table.c.email.label("maker"))
    .outerjoin(people_table, people_table.c.id == invites.c.made_by)
    .where(IS_OPEN)
    .order_by(invites.c.id.desc())
)
INSERT_INVITE = insert(invites).values(
    created_at=clock(), expires_at=clock() + bindparam("seconds", type_=Integer), uses_left=bindparam("uses")
)
UPDATE_USES = (
    update(invites)
    .where(IS_NAMED & IS_OPEN, or_(invites.c.email.is_(None), invites.c.email == bindparam("their_email")))
    .values(uses_left=invites.c.uses_left - 1)
    .returning(invites.c.role, invites.c.made_by)
)
UPDATE_REVOKED = update(invites).where(IS_OPEN).values(revoked_at=clock())
UPDATE_ONE_REVOKED = UPDATE_REVOKED.where(invites.c.id == bindparam("invite")).returning(
    invites.c.role, invites.c.email
)
UPDATE_ALL_REVOKED = UPDATE_REVOKED.where(invites.c.made_by == bindparam("maker"))
DELETE_EXPIRED = delete(invites).where(invites.c.expires_at < clock() - KEPT_SECONDS)


class BadInvite(Exception):
    """An invite can't be made like that; the message says what it may be."""


class EmailTaken(Exception):
    """Somebody has an account with this e-mail; the message is for whoever holds an invite."""


@dataclass(frozen=True)
class Newcomer:
    """Who redeems an invite: their e-mail in lower case, what they are called, and a hash of their password."""

    email: str
    name: str
    password: str


def create(
    database: Database, by: Actor, role: str = "member", days: int = DAYS, uses: int = 1, email: str | None = None
) -> str:
    """Make an invite; gives its token, which nothing can tell again. Raises BadInvite.

    One that is bound to an e-mail makes an account with that alone, and one only.
    """
    require_valid(role, days, uses, email)
    token, token_digest = link_tokens.create()
    row = {"digest": token_digest, "role": role, "seconds": days * DAY, "uses": uses, "email": email}
    with database.write() as connection:
        admins.lock_admin(connection, by)
        connection.execute(DELETE_EXPIRED)
        connection.execute(INSERT_INVITE, row | {"made_by": None if isinstance(by, str) else by.id})
        audit.note(connection, by, "invite_made", describe(role, email))
    return token


def require_valid(role: str, days: int, uses: int, email: str | None) -> None:
    """Raise BadInvite for what no invite can be."""
    if role not in ROLES:
        raise BadInvite("An invite makes a member or an admin. Choose one of the two.")
    if not 1 <= days <= MOST_DAYS:
        raise BadInvite(f"An invite holds for 1 to {MOST_DAYS} days.")
    if not 1 <= uses <= MOST_USES:
        raise BadInvite(f"An invite can be used 1 to {MOST_USES} times.")
    if email and uses > 1:
        raise BadInvite("An invite for one e-mail is used once. Leave the e-mail out, or set the uses to 1.")


def describe(role: str, email: str | None) -> str:
    """Say what an invite makes."""
    return f"{role}, for {email}" if email else role


def list_open(database: Database) -> Sequence[Row]:
    """List the invites that can be used, the newest first; each with the e-mail of its `maker`."""
    with database.read() as connection:
        return connection.execute(SELECT_OPEN).all()


def find(database: Database, token: str) -> Row:
    """Find an invite that can be used. Raises NotFound, whatever is the matter with it."""
    return link_tokens.find(database, SELECT_INVITE, token)


def is_spent(database: Database, token: str) -> bool:
    """Tell whether an invite can't be used because it was, as often as it says."""
    with database.read() as connection:
        return bool(connection.execute(SELECT_IS_SPENT, {"token_digest": digest(token)}).scalar())


def redeem(database: Database, token: str, newcomer: Newcomer) -> int:
    """Make the account that an invite is for; gives the person's id. Raises NotFound and EmailTaken.

    The use is counted by one statement, so that no two can take the last one; where no account comes of it, it isn't.
    """
    try:
        with database.write() as connection:
            return create_account(connection, token, newcomer)
    except IntegrityError as error:
        # Told, though it tells of an account: only who was trusted with an invite can ask, and would be lost else.
        raise EmailTaken("There is an account with this e-mail already. Sign in instead.") from error


def create_account(connection: Connection, token: str, newcomer: Newcomer) -> int:
    """Use an invite and make its person, within a transaction. Raises NotFound and IntegrityError."""
    used = connection.execute(UPDATE_USES, {"token_digest": digest(token), "their_email": newcomer.email}).first()
    if used is None:
        raise NotFound
    person_id = accounts.create(connection, newcomer.email, used.role, newcomer.password, newcomer.name)
    audit.note_own(connection, person_id, "invite_redeemed", used.role)
    return person_id


def revoke(database: Database, by: Actor, invite_id: int) -> None:
    """Let an invite be used no more. Raises NotFound."""
    with database.write() as connection:
        admins.lock_admin(connection, by)
        revoked = connection.execute(UPDATE_ONE_REVOKED, {"invite": invite_id}).first()
        if revoked is None:
            raise NotFound
        audit.note(connection, by, "invite_revoked", describe(revoked.role, revoked.email))


def revoke_all_of(connection: Connection, person_id: int) -> None:
    """Let no invite that a person made be used any more."""
    connection.execute(UPDATE_ALL_REVOKED, {"maker": person_id})
