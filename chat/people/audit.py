"""The audit log: who did what to whom, told in words that still tell when the person is gone.

A row is written in the transaction of what it tells: neither is there without the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, Integer, Row, bindparam, delete, func, insert, select

from chat.people.person import SELECT_PEOPLE, Actor, Person
from chat.storage.database import Database, clock
from chat.storage.tables import BY_STRANGERS, audit, people

ACTIONS = {
    "account_claimed": "became the first admin",
    "account_made": "got an account",
    "person_added": "added a person",
    "signed_in": "signed in",
    "sign_in_throttled": "failed to sign in, and has to wait",
    "signed_out_everywhere": "signed out everywhere else",
    "sign_on_connected": "connected the account with single sign-on",
    "sign_on_disconnected": "disconnected the account from single sign-on",
    "password_changed": "changed the password",
    "reset_made": "made a reset link",
    "reset_used": "set a new password by a reset link",
    "invite_made": "made an invite",
    "invite_redeemed": "redeemed an invite",
    "invite_revoked": "revoked an invite",
    "role_changed": "changed a role",
    "suspended": "suspended a person",
    "resumed": "let a suspended person in again",
    "removed": "removed a person",
    "provider_added": "added a provider",
    "provider_changed": "changed a provider",
    "provider_on": "turned on a provider",
    "provider_off": "turned off a provider",
    "provider_deleted": "deleted a provider",
    "key_changed": "changed a provider's key",
    "model_on": "turned on a model",
    "model_off": "turned off a model",
    "model_first": "chose the model to begin with",
}
"""All that is noted: the name that is stored, and the words that a page shows after the actor."""

LONGEST_LINE = 300
"""How many characters of a name are kept."""

MOST_THROTTLED = 1_000
"""How many rows are kept that strangers make, who could fill the database: the newest."""

PAGE = 50
"""How many rows a page shows, of this and of other lists that admins see."""

BATCH = 100
"""How many rows of a file are in memory at once, for each who reads it."""

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
    """Write down what somebody does: a person's row, or in words who it is, such as "command line".

    Raises ValueError for an action that isn't in ACTIONS.
    """
    if action not in ACTIONS:
        raise ValueError(f"{action!r} is no action of the audit log. Add it to chat.people.audit.ACTIONS.")
    row = {"action": action, "subject": to_line(subject), "actor": to_line(name_of(actor))}
    connection.execute(INSERT_ENTRY, row | {"actor_id": None if isinstance(actor, str) else actor.id})


def note_own(connection: Connection, person_id: int, action: str, subject: str = "") -> None:
    """Write down what a person does, by their id."""
    person = Person(*connection.execute(SELECT_ACTOR, {"person": person_id}).one())
    note(connection, person, action, subject)


def note_throttled(connection: Connection, email: str) -> None:
    """Write down that somebody has to wait before they try again to sign in, and forget who had to long ago."""
    note(connection, "somebody", "sign_in_throttled", email)
    connection.execute(DELETE_THROTTLED)


def name_of(actor: Actor) -> str:
    """Name whoever does something, as they are called now."""
    if isinstance(actor, str):
        return actor
    return actor.email or actor.name or f"guest {actor.id}"


def to_line(text: str) -> str:
    """Make one short line of a text: what breaks lines, hides or turns text around would forge rows."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text[: 2 * LONGEST_LINE]).split())[
        :LONGEST_LINE
    ]


def page(database: Database, before: int | None = None) -> Sequence[Row]:
    """Read the newest rows, or those before one: a page of them and one more, where there are more."""
    asked = {"before": BEYOND_ALL if before is None else before, "most": PAGE + 1}
    with database.read() as connection:
        return connection.execute(SELECT_PAGE, asked).all()


def batches(database: Database) -> Iterator[Sequence[Row]]:
    """Read all rows that there are now, the oldest first, some at a time; nothing is held between."""
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
