"""Who comes from a sign-in elsewhere: known already, known by their e-mail, made a member, or not let in.

An account with a password is never tied to a sign-in elsewhere by an e-mail alone: nobody has verified the address that
it was made with, so whoever made it in another's name would share it with them from then on. Its owner connects it on
the account page, with the password. One without a password belongs to nobody but whom a verified e-mail names.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from sqlalchemy import Connection, Row, bindparam, update
from sqlalchemy.exc import IntegrityError

from chat.people import accounts, audit
from chat.people.accounts import MEMBER, Refused
from chat.people.oidc import Identity
from chat.storage.database import Database
from chat.storage.tables import people as people_table

KNOWN = accounts.SELECT_PEOPLE.add_columns(people_table.c.subject)
SELECT_BY_SUBJECT = KNOWN.where(people_table.c.subject == bindparam("whom"))
LOCK_BY_EMAIL = KNOWN.where(people_table.c.email == bindparam("address")).with_for_update()
UPDATE_SUBJECT = update(people_table).where(accounts.IS_PERSON).values(subject=bindparam("whom"))

ASCII_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+", re.ASCII)

UNVERIFIED = (
    "{} doesn't say that your e-mail address is verified, so it opens no account here. If you have one, sign in with "
    "its password and connect it on the page of your account. Else ask an admin."
)
UNKNOWN = "There is no account here for {}. Ask an admin of this Rivulet for an invite."
HAS_PASSWORD = (
    "The account of {} here has a password. Sign in with it, then connect single sign-on on the page of your account."
)
LINKED_ELSEWHERE = "The account of {} here belongs to another sign-in. Ask an admin of this Rivulet."
WRONG_DOMAIN = "This Rivulet is not for {}. Ask an admin."
SUSPENDED = "Your account here is suspended. Ask an admin of this Rivulet."


def login_by_oidc(database: Database, who: Identity, domains: Collection[str], by: str = "single sign-on") -> int:
    """Find or make the account of somebody who has signed in elsewhere; gives their id. Raises Refused."""
    try:
        return admit_identity(database, who, domains, by)
    except IntegrityError:  # they came twice in this moment, and are known now
        return admit_identity(database, who, domains, by)


def admit_identity(database: Database, who: Identity, domains: Collection[str], by: str) -> int:
    """Look for somebody and let them in, in one transaction."""
    with database.write() as connection:
        person = connection.execute(SELECT_BY_SUBJECT, {"whom": who.subject}).first() or link_or_create(
            connection, who, domains, by
        )
        if person.suspended_at is not None:
            raise Refused(SUSPENDED)
        return person.id


def link_or_create(connection: Connection, who: Identity, domains: Collection[str], by: str) -> Row:
    """Tie somebody who has never come this way to an account. Raises Refused."""
    if not who.verified:
        raise Refused(UNVERIFIED.format(by))
    email = require_ascii(who.email)
    person = connection.execute(LOCK_BY_EMAIL, {"address": email}).first()
    if person is None:
        if not is_in_domains(email, domains):
            raise Refused(UNKNOWN.format(email))
        person = create_member(connection, email, who.name, f"by {by}")
    require_linkable(person, who)
    connection.execute(UPDATE_SUBJECT, {"person": person.id, "whom": who.subject})
    return person


def require_ascii(email: str) -> str:
    """Give an e-mail address as it is kept. Raises Refused for one that could be taken for another's.

    Letters beyond ASCII may become others in lower case; a domain that has some is written as xn--.
    """
    try:
        if not ASCII_EMAIL.fullmatch(email):
            raise accounts.BadEmail
        return accounts.require_email(email)
    except accounts.BadEmail as error:
        raise Refused("The e-mail address that we were given for you can't be used here. Ask an admin.") from error


def create_member(connection: Connection, email: str, name: str, by: str) -> Row:
    """Make a member."""
    accounts.create(connection, email, MEMBER, None, audit.to_line(name))
    person = connection.execute(LOCK_BY_EMAIL, {"address": email}).one()
    audit.note(connection, person, "account_made", by)
    return person


def is_in_domains(email: str, domains: Collection[str]) -> bool:
    """Tell whether an e-mail address is one of some domains, each of them by itself and without those below it."""
    return email.rpartition("@")[2] in {domain.lower() for domain in domains}


def require_linkable(person: Row, who: Identity) -> None:
    """Refuse to tie an account that somebody else may hold. Raises Refused."""
    if person.suspended_at is not None:
        raise Refused(SUSPENDED)
    if person.password is not None:
        raise Refused(HAS_PASSWORD.format(person.email))
    # The same issuer has given the address to another person; of an issuer that is no longer asked all begin anew.
    if person.subject and issuer_of(person.subject) == issuer_of(who.subject):
        raise Refused(LINKED_ELSEWHERE.format(person.email))


def issuer_of(subject: str) -> str:
    """Tell who says who somebody is."""
    return subject.partition(" ")[0]


def login_by_proxy(database: Database, email: str, domains: Collection[str]) -> int:
    """Find or make the account of somebody whom a proxy of ours vouches for; gives their id. Raises Refused."""
    try:
        return admit_email(database, require_ascii(email), domains)
    except IntegrityError:  # two of their requests came in this moment
        return admit_email(database, require_ascii(email), domains)


def admit_email(database: Database, email: str, domains: Collection[str]) -> int:
    """Look for whom a proxy names, in one transaction; without domains the proxy has decided who comes in."""
    with database.write() as connection:
        if domains and not is_in_domains(email, domains):
            raise Refused(WRONG_DOMAIN.format(email))
        person = connection.execute(LOCK_BY_EMAIL, {"address": email}).first() or create_member(
            connection, email, "", accounts.PROXY
        )
        if person.suspended_at is not None:
            raise Refused(SUSPENDED)
        return person.id
