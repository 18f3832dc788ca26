"""External login, by OpenID Connect or an authenticating proxy: which account it opens, and how accounts are linked.

The protocols are elsewhere: chat/people/oidc/ and chat/web/proxy_login.py verify an identity, this module finds its
account. An account with a password is never linked by an email address alone. Nobody has verified that address, so an
attacker could have created the account in the name of its owner. The owner links it on the account page, with the
password. An account without a password belongs to the owner of a verified email address.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from sqlalchemy import Connection, bindparam, update
from sqlalchemy.exc import IntegrityError

from chat.people import accounts, audit
from chat.people.accounts import MEMBER, Refused
from chat.people.oidc import Identity
from chat.people.person import SELECT_PEOPLE, Person, load
from chat.storage.database import Database
from chat.storage.tables import people as people_table
from chat.storage.transactions import retry_on_conflict

SELECT_BY_SUBJECT = SELECT_PEOPLE.where(people_table.c.subject == bindparam("subject_of"))
LOCK_BY_EMAIL = accounts.SELECT_BY_EMAIL.with_for_update()
UPDATE_SUBJECT = update(people_table).where(accounts.IS_PERSON).values(subject=bindparam("subject_of"))
DELETE_SUBJECT = (
    update(people_table).where(accounts.IS_PERSON, people_table.c.password.is_not(None)).values(subject=None)
)

ASCII_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+", re.ASCII)

UNVERIFIED = (
    "{} hasn't verified your email, so you can't sign in with it yet. If you have a password, sign in with it and "
    "connect single sign-on in your account. Otherwise ask an admin."
)
UNKNOWN = "There's no account for {}. Ask an admin for an invite."
HAS_PASSWORD = (
    "{} already has an account with a password. Sign in with it, then connect single sign-on in your account."
)
LINKED_ELSEWHERE = "The account {} is connected to a different sign-in. Ask an admin."
WRONG_DOMAIN = "{} isn't allowed on this server. Ask an admin."


@retry_on_conflict
def login_by_oidc(database: Database, who: Identity, domains: Collection[str], by: str = "single sign-on") -> int:
    """Find, link or create the account of an identity, and return its id. Raises Refused."""
    with database.write() as connection:
        found = load(connection, SELECT_BY_SUBJECT, subject_of=who.subject)
        return require_active(found or link_or_create(connection, who, domains, by)).id


def link_or_create(connection: Connection, who: Identity, domains: Collection[str], by: str) -> Person:
    """Link a new identity to an account. Raises Refused."""
    if not who.verified:
        raise Refused(UNVERIFIED.format(by))
    email = require_ascii(who.email)
    person = load(connection, LOCK_BY_EMAIL, email=email)
    if person is None:
        if not is_in_domains(email, domains):
            raise Refused(UNKNOWN.format(email))
        person = create_member(connection, email, who.name, f"with {by}")
    require_linkable(person, who)
    connection.execute(UPDATE_SUBJECT, {"person": person.id, "subject_of": who.subject})
    return person


@retry_on_conflict
def login_by_proxy(database: Database, email: str, domains: Collection[str]) -> int:
    """Find or create the account of an email address that the proxy names, and return its id. Raises Refused.

    Without `domains` the proxy alone decides who can sign in.
    """
    email = require_ascii(email)
    if domains and not is_in_domains(email, domains):
        raise Refused(WRONG_DOMAIN.format(email))

    with database.write() as connection:
        found = load(connection, LOCK_BY_EMAIL, email=email)
        return require_active(found or create_member(connection, email, "", accounts.PROXY)).id


def create_member(connection: Connection, email: str, name: str, by: str) -> Person:
    """Create a member without a password. Raises IntegrityError if another request creates the same one."""
    accounts.create(connection, email, MEMBER, None, accounts.clean_name(name))
    person = Person(*connection.execute(LOCK_BY_EMAIL, {"email": email}).one())
    audit.note(connection, person, "account_made", by)
    return person


def link(database: Database, person_id: int, who: Identity) -> None:
    """Link an account to an identity, after its owner has proved both. Raises Refused."""
    try:
        with database.write() as connection:
            connection.execute(UPDATE_SUBJECT, {"person": person_id, "subject_of": who.subject})
            audit.note_own(connection, person_id, "sign_on_connected")
    except IntegrityError as error:
        raise Refused("That sign-in is connected to another account.") from error


def unlink(database: Database, person_id: int) -> None:
    """Unlink an account; one without a password stays linked."""
    with database.write() as connection:
        if connection.execute(DELETE_SUBJECT, {"person": person_id}).rowcount:
            audit.note_own(connection, person_id, "sign_on_disconnected")


def require_ascii(email: str) -> str:
    """Return the stored form of an email address. Raises Refused if it isn't ASCII.

    Other letters can become the letters of another address in lower case. Providers write such a domain as xn--.
    """
    try:
        if not ASCII_EMAIL.fullmatch(email):
            raise accounts.BadEmail
        return accounts.require_email(email)
    except accounts.BadEmail as error:
        raise Refused("The email we received for you isn't valid. Ask an admin.") from error


def require_linkable(person: Person, who: Identity) -> None:
    """Raise Refused if an account can belong to another person than the identity."""
    require_active(person)
    if person.password is not None:
        raise Refused(HAS_PASSWORD.format(person.email))
    # The same issuer gave this address to another subject. An issuer that is no longer configured doesn't count.
    if person.subject and issuer_of(person.subject) == issuer_of(who.subject):
        raise Refused(LINKED_ELSEWHERE.format(person.email))


def require_active(person: Person) -> Person:
    """Return a person. Raises Refused if they are suspended."""
    if person.suspended_at is not None:
        raise Refused(accounts.SUSPENDED)
    return person


def is_in_domains(email: str, domains: Collection[str]) -> bool:
    """Return whether an email address is in one of some domains; subdomains don't count."""
    return email.rpartition("@")[2] in {domain.lower() for domain in domains}


def issuer_of(subject: str) -> str:
    """Return the issuer part of a stored subject."""
    return subject.partition(" ")[0]
