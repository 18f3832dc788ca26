"""Invites: links to create an account, with a role, an expiry and a number of uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Integer, Row, bindparam, delete, exists, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from chat.config.durations import DAY
from chat.people import accounts, audit, link_tokens
from chat.people.accounts import ROLES
from chat.people.person import Actor
from chat.people.sessions import digest
from chat.storage import locks
from chat.storage.database import Database, NotFound, clock
from chat.storage.locks import Lock
from chat.storage.tables import invites
from chat.storage.tables import people as people_table

DAYS, MOST_DAYS = 7, 90
MOST_USES = 100
KEPT_SECONDS = 30 * DAY
"""How long an expired invite is kept, in seconds."""

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
UPDATE_EARLIER_REVOKED = UPDATE_REVOKED.where(invites.c.email.in_(bindparam("emails", expanding=True))).returning(
    invites.c.role, invites.c.email
)
SELECT_KNOWN = (
    select(people_table.c.email)
    .where(people_table.c.email.in_(bindparam("emails", expanding=True)))
    .order_by(people_table.c.email)
)
UPDATE_ALL_REVOKED = UPDATE_REVOKED.where(invites.c.made_by == bindparam("maker"))
DELETE_EXPIRED = delete(invites).where(invites.c.expires_at < clock() - KEPT_SECONDS)


class BadInvite(Exception):
    """No invite can have these values; the message says which it can have."""


class EmailTaken(Exception):
    """An account with this email address exists; the message is for the holder of an invite."""

    field = "email"


@dataclass(frozen=True)
class Newcomer:
    """The person who redeems an invite: stored form of their email address, name, and hash of their password."""

    email: str
    name: str
    password: str


def create(
    database: Database, by: Actor, role: str = "member", days: int = DAYS, uses: int = 1, email: str | None = None
) -> str:
    """Create an invite, and return its token, which isn't stored. Raises BadInvite.

    An invite with an email address creates one account, with that address.
    """
    return create_all(database, by, [email], role, days, uses)[0]


def create_all(
    database: Database, by: Actor, emails: Sequence[str | None], role: str, days: int, uses: int = 1
) -> list[str]:
    """Create an invite for each email, or none at all, and return their tokens. Raises BadInvite.

    An earlier invite for the same email is revoked, so that each email has one link that works.
    """
    for email in emails:
        require_valid(role, days, uses, email)
    tokens, digests = zip(*(link_tokens.create() for _ in emails), strict=True)
    made = {"role": role, "seconds": days * DAY, "uses": uses, "made_by": None if isinstance(by, str) else by.id}
    with database.write() as connection:
        locks.hold(connection, (Lock.RIGHTS, 0))  # two admins who invite the same people would deadlock
        accounts.lock_admin(connection, by)
        connection.execute(DELETE_EXPIRED)
        make_way(connection, by, [email for email in emails if email])
        for email, token_digest in zip(emails, digests, strict=True):
            connection.execute(INSERT_INVITE, made | {"email": email, "digest": token_digest})
            audit.note(connection, by, "invite_made", describe(role, email))
    return list(tokens)


def make_way(connection: Connection, by: Actor, emails: Sequence[str]) -> None:
    """Revoke the earlier invites for some emails. Raises BadInvite if one of them has an account."""
    if not emails:
        return
    if known := list(connection.execute(SELECT_KNOWN, {"emails": emails}).scalars()):
        raise BadInvite(name_emails(known, "already has an account", "already have an account"))
    for revoked in connection.execute(UPDATE_EARLIER_REVOKED, {"emails": emails}).all():
        audit.note(connection, by, "invite_revoked", describe(revoked.role, revoked.email))


def name_emails(emails: Sequence[str], one: str, several: str) -> str:
    """Say what is wrong with some emails, so that none is invited."""
    subject, verb = ("This email", one) if len(emails) == 1 else ("These emails", several)
    return f"{subject} {verb}: {', '.join(emails)}. No invite was created."


def require_valid(role: str, days: int, uses: int, email: str | None) -> None:
    if role not in ROLES:
        raise BadInvite("Choose a role.")
    if not 1 <= days <= MOST_DAYS:
        raise BadInvite(f"Choose 1 to {MOST_DAYS} days.")
    if not 1 <= uses <= MOST_USES:
        raise BadInvite(f"Choose 1 to {MOST_USES} uses.")
    if email and uses > 1:
        raise BadInvite("An invite for one email can be used only once. Set uses to 1, or remove the email.")


def describe(role: str, email: str | None) -> str:
    return f"{role}, for {email}" if email else role


def list_open(database: Database) -> Sequence[Row]:
    """List the invites that can be used, newest first, each with the email address of its `maker`."""
    with database.read() as connection:
        return connection.execute(SELECT_OPEN).all()


def find(database: Database, token: str) -> Row:
    """Find an invite. Raises NotFound if it can't be used, for whatever reason."""
    return link_tokens.find(database, SELECT_INVITE, token)


def is_spent(database: Database, token: str) -> bool:
    """Return whether all uses of an invite are spent, and nothing else is wrong with it."""
    with database.read() as connection:
        return bool(connection.execute(SELECT_IS_SPENT, {"token_digest": digest(token)}).scalar())


def redeem(database: Database, token: str, newcomer: Newcomer) -> int:
    """Create the account of an invite, and return its id. Raises NotFound and EmailTaken.

    One statement counts the use, so no two requests can take the last one. A failure rolls it back.
    """
    try:
        with database.write() as connection:
            return create_account(connection, token, newcomer)
    except IntegrityError as error:
        # This reveals that an account exists, but only to the holder of an invite, who couldn't go on otherwise.
        raise EmailTaken("An account with this email already exists. Sign in instead.") from error


def create_account(connection: Connection, token: str, newcomer: Newcomer) -> int:
    """Count a use of an invite, and insert its person. Raises NotFound and IntegrityError."""
    used = connection.execute(UPDATE_USES, {"token_digest": digest(token), "their_email": newcomer.email}).first()
    if used is None:
        raise NotFound
    person_id = accounts.create(connection, newcomer.email, used.role, newcomer.password, newcomer.name)
    audit.note_own(connection, person_id, "invite_redeemed", used.role)
    return person_id


def revoke(database: Database, by: Actor, invite_id: int) -> None:
    """Revoke an invite. Raises NotFound."""
    with database.write() as connection:
        accounts.lock_admin(connection, by)
        revoked = connection.execute(UPDATE_ONE_REVOKED, {"invite": invite_id}).first()
        if revoked is None:
            raise NotFound
        audit.note(connection, by, "invite_revoked", describe(revoked.role, revoked.email))


def revoke_all_of(connection: Connection, person_id: int) -> None:
    connection.execute(UPDATE_ALL_REVOKED, {"maker": person_id})
