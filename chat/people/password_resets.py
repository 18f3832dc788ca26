"""Password resets: links to set a new password, once, within half an hour.

The mail is sent in the background, so that the response time doesn't reveal whether there is an account.
"""

from __future__ import annotations

import logging
import secrets
import threading

from sqlalchemy import Connection, delete, insert

from chat.config import Settings
from chat.people import accounts, audit, link_tokens, mailer
from chat.people.person import SELECT_PEOPLE, Person, load
from chat.people.sessions import digest
from chat.storage.database import Database, NotFound, clock
from chat.storage.tables import people as people_table
from chat.storage.tables import resets

LIFETIME = 1_800
"""How long a link is valid, in seconds."""

LONGEST_DELAY = 2.0
"""A mail is sent at a random moment within so many seconds: its 30 ms of work would be measurable in the response."""

RESET_MAIL = """\
Someone asked to reset the password of your account at {site}.

If it was you, use this link within 30 minutes:

{site}/resets/{token}

If not, ignore this email. Your password hasn't changed.
"""

IS_VALID = link_tokens.is_named(resets) & link_tokens.is_unexpired(resets)
SELECT_PERSON = SELECT_PEOPLE.join(resets, people_table.c.id == resets.c.person_id).where(
    IS_VALID, people_table.c.suspended_at.is_(None)
)
INSERT_RESET = insert(resets).values(expires_at=clock() + LIFETIME)
DELETE_USED = delete(resets).where(IS_VALID).returning(resets.c.person_id)
DELETE_EXPIRED = delete(resets).where(~link_tokens.is_unexpired(resets))

logger = logging.getLogger(__name__)


def create(connection: Connection, person_id: int) -> str:
    """Create a link for a person, and return its token. Their earlier links are deleted."""
    token, token_digest = link_tokens.create()
    connection.execute(accounts.LOCK_PERSON, {"person": person_id})  # before the links, as a suspension does
    connection.execute(DELETE_EXPIRED)
    connection.execute(accounts.DELETE_RESETS, {"person": person_id})
    connection.execute(INSERT_RESET, {"digest": token_digest, "person_id": person_id})
    return token


def find(database: Database, token: str) -> Person:
    """Find the person of a link. Raises NotFound if it can't be used, for whatever reason."""
    return Person(*link_tokens.find(database, SELECT_PERSON, token))


def redeem(database: Database, token: str, password_hash: str) -> int:
    """Set the password of a link's person, end their sessions, and return their id. Raises NotFound the second time."""
    with database.write() as connection:
        whose = load(connection, SELECT_PERSON, token_digest=digest(token))
        if whose is None or not connection.execute(accounts.LOCK_PERSON, {"person": whose.id}).first():
            raise NotFound
        person_id = connection.execute(DELETE_USED, {"token_digest": digest(token)}).scalar()
        if person_id is None:
            raise NotFound
        accounts.set_password(connection, person_id, password_hash)
        audit.note_own(connection, person_id, "reset_used")
        return person_id


def queue_mail(database: Database, settings: Settings, email: str) -> None:
    """Mail a reset link to the owner of an email address, if there is one, after the response was sent.

    Without the delay gevent would run the thread before the request has ended.
    """
    wait = secrets.SystemRandom().uniform(LONGEST_DELAY / 10, LONGEST_DELAY)
    mail = threading.Timer(wait, send_mail, (database, settings, email))
    mail.name, mail.daemon = "mail", True
    mail.start()


def send_mail(database: Database, settings: Settings, email: str) -> None:
    """Mail a reset link to the owner of an email address. Failures are only logged."""
    try:
        person = accounts.by_email(database, email)
        if person is None or person.suspended_at is not None:
            return
        with database.write() as connection:
            token = create(connection, person.id)
        text = RESET_MAIL.format(site=settings.app_url, token=token)
        mailer.send(settings, mailer.Letter(person.email, "Reset your Rivulet password", text))
    except Exception as error:
        logger.error("an email could not be sent: %s", mailer.reason_of(error))
