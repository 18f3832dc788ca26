"""The audit log: who did what to whom, in words that stay readable when the person is removed.

An action writes its row in its own transaction, so neither exists without the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, Integer, Row, bindparam, delete, func, insert, select

from chat.people.person import SELECT_PEOPLE, Actor, Person
from chat.storage.database import Database, clock
from chat.storage.tables import BY_STRANGERS, audit, people

ACTIONS = {
    "account_claimed": "became the first admin",
    "account_made": "created an account",
    "person_added": "added a person",
    "name_changed": "changed a name",
    "signed_in": "signed in",
    "sign_in_throttled": "was locked out after failed sign-ins",
    "signed_out_everywhere": "signed out other sessions",
    "sign_on_connected": "connected single sign-on",
    "sign_on_disconnected": "disconnected single sign-on",
    "password_changed": "changed their password",
    "reset_made": "created a reset link",
    "reset_used": "reset their password",
    "invite_made": "created an invite",
    "invite_redeemed": "accepted an invite",
    "invite_revoked": "revoked an invite",
    "role_changed": "changed a role",
    "suspended": "suspended a person",
    "resumed": "reinstated a person",
    "removed": "deleted an account",
    "provider_added": "added a provider",
    "provider_changed": "changed a provider",
    "provider_on": "turned on a provider",
    "provider_off": "turned off a provider",
    "provider_deleted": "deleted a provider",
    "key_changed": "changed a provider's key",
    "model_on": "turned on models",
    "model_off": "turned off models",
    "model_first": "set the default model",
}
"""All actions: the name that is stored, and the words that a page shows after the actor."""

LONGEST_LINE = 300
"""How many characters of a text are stored."""

MOST_THROTTLED = 1_000
"""How many rows that strangers cause are kept, the newest ones: otherwise strangers could fill the database."""

PAGE = 50
"""How many rows a page of an admin's list shows."""

BATCH = 100
"""How many rows each download has in memory at once."""

INSERT_ENTRY = insert(audit).values(at=clock())
BEFORE = bindparam("before", type_=Integer)
SELECT_PAGE = select(audit).where(audit.c.id < BEFORE).order_by(audit.c.id.desc()).limit(bindparam("most"))
SELECT_BATCH = (
    select(audit)
    .where(audit.c.id > bindparam("after", type_=Integer), audit.c.id <= bindparam("last", type_=Integer))
    .order_by(audit.c.id)
    .limit(BATCH)
)
SELECT_LAST = select(func.max(audit.c.id))
OLDEST_THROTTLED = (
    select(audit.c.id).where(BY_STRANGERS).order_by(audit.c.id.desc()).limit(1).offset(MOST_THROTTLED).scalar_subquery()
)
DELETE_THROTTLED = delete(audit).where(BY_STRANGERS, audit.c.id <= OLDEST_THROTTLED)
SELECT_ACTOR = SELECT_PEOPLE.where(people.c.id == bindparam("person"))
BEYOND_ALL = 2**31 - 1


def note(connection: Connection, actor: Actor, action: str, subject: str = "") -> None:
    """Insert a row about an action. Raises ValueError if it isn't in ACTIONS."""
    if action not in ACTIONS:
        raise ValueError(f"{action!r} isn't an action of the audit log. Add it to chat.people.audit.ACTIONS.")
    row = {"action": action, "subject": to_line(subject), "actor": to_line(name_of(actor))}
    connection.execute(INSERT_ENTRY, row | {"actor_id": None if isinstance(actor, str) else actor.id})


def note_own(connection: Connection, person_id: int, action: str, subject: str = "") -> None:
    person = Person(*connection.execute(SELECT_ACTOR, {"person": person_id}).one())
    note(connection, person, action, subject)


def note_throttled(connection: Connection, email: str) -> None:
    """Note that somebody has to wait before the next sign-in, and delete the oldest of these rows."""
    note(connection, "someone", "sign_in_throttled", email)
    connection.execute(DELETE_THROTTLED)


def name_of(actor: Actor) -> str:
    if isinstance(actor, str):
        return actor
    return actor.email or actor.name or f"guest {actor.id}"


def to_line(text: str) -> str:
    """Write a text as one short line: control characters could forge rows, or hide or reverse text."""
    printable = "".join(sign if sign.isprintable() else " " for sign in text[: 2 * LONGEST_LINE])
    return " ".join(printable.split())[:LONGEST_LINE]


def page(database: Database, before: int | None = None) -> Sequence[Row]:
    """Read the newest rows, or the rows before an id: one more than a page shows, if there are more."""
    asked = {"before": BEYOND_ALL if before is None else before, "most": PAGE + 1}
    with database.read() as connection:
        return connection.execute(SELECT_PAGE, asked).all()


def batches(database: Database) -> Iterator[Sequence[Row]]:
    """Read all current rows, oldest first, in batches; no transaction is open between them."""
    with database.read() as connection:
        last = connection.execute(SELECT_LAST).scalar() or 0
    after = 0
    while after < last:
        with database.read() as connection:
            rows = connection.execute(SELECT_BATCH, {"after": after, "last": last}).all()
        if not rows:
            return
        yield rows
        after = rows[-1].id
