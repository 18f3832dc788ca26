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

KNOWN = accounts.SHOWN.add_columns(people_table.c.subject)
BY_SUBJECT = KNOWN.where(people_table.c.subject == bindparam("whom"))
BY_EMAIL = KNOWN.where(people_table.c.email == bindparam("address")).with_for_update()
TIED = update(people_table).where(accounts.ID).values(subject=bindparam("whom"))

PLAIN = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+", re.ASCII)

UNVERIFIED = (
    "{} doesn't say that your e-mail address is verified, so it opens no account here. If you have one, sign in with "
    "its password and connect it on the page of your account. Else ask an admin."
)
UNKNOWN = "There is no account here for {}. Ask an admin of this Rivulet for an invite."
HAS_PASSWORD = (
    "The account of {} here has a password. Sign in with it, then connect single sign-on on the page of your account."
)
OF_ANOTHER = "The account of {} here belongs to another sign-in. Ask an admin of this Rivulet."
NOT_OF_THESE = "This Rivulet is not for {}. Ask an admin."
SUSPENDED = "Your account here is suspended. Ask an admin of this Rivulet."


def arrive(database: Database, who: Identity, domains: Collection[str], by: str = "single sign-on") -> int:
    """Find or make the account of somebody who has signed in elsewhere; gives their id. Raises Refused."""
    try:
        return admit(database, who, domains, by)
    except IntegrityError:  # they came twice in this moment, and are known now
        return admit(database, who, domains, by)


def admit(database: Database, who: Identity, domains: Collection[str], by: str) -> int:
    """Look for somebody and let them in, in one transaction."""
    with database.write() as connection:
        person = connection.execute(BY_SUBJECT, {"whom": who.subject}).first() or introduced(
            connection, who, domains, by
        )
        if person.suspended_at is not None:
            raise Refused(SUSPENDED)
        return person.id


def introduced(connection: Connection, who: Identity, domains: Collection[str], by: str) -> Row:
    """Tie somebody who has never come this way to an account. Raises Refused."""
    if not who.verified:
        raise Refused(UNVERIFIED.format(by))
    email = require_plain(who.email)
    person = connection.execute(BY_EMAIL, {"address": email}).first()
    if person is None:
        if not is_of(email, domains):
            raise Refused(UNKNOWN.format(email))
        person = made(connection, email, who.name, f"by {by}")
    require_free(person, who)
    connection.execute(TIED, {"person": person.id, "whom": who.subject})
    return person


def require_plain(email: str) -> str:
    """Give an e-mail address as it is kept. Raises Refused for one that could be taken for another's.

    Letters beyond ASCII may become others in lower case; a domain that has some is written as xn--.
    """
    try:
        if not PLAIN.fullmatch(email):
            raise accounts.BadEmail
        return accounts.require_email(email)
    except accounts.BadEmail as error:
        raise Refused("The e-mail address that we were given for you can't be used here. Ask an admin.") from error


def made(connection: Connection, email: str, name: str, by: str) -> Row:
    """Make a member."""
    accounts.make(connection, email, MEMBER, None, audit.line(name))
    person = connection.execute(BY_EMAIL, {"address": email}).one()
    audit.note(connection, person, "account_made", by)
    return person


def is_of(email: str, domains: Collection[str]) -> bool:
    """Tell whether an e-mail address is one of some domains, each of them by itself and without those below it."""
    return email.rpartition("@")[2] in {domain.lower() for domain in domains}


def require_free(person: Row, who: Identity) -> None:
    """Refuse to tie an account that somebody else may hold. Raises Refused."""
    if person.suspended_at is not None:
        raise Refused(SUSPENDED)
    if person.password is not None:
        raise Refused(HAS_PASSWORD.format(person.email))
    # The same issuer has given the address to another person; of an issuer that is no longer asked all begin anew.
    if person.subject and issuer_of(person.subject) == issuer_of(who.subject):
        raise Refused(OF_ANOTHER.format(person.email))


def issuer_of(subject: str) -> str:
    """Tell who says who somebody is."""
    return subject.partition(" ")[0]


def vouched(database: Database, email: str, domains: Collection[str]) -> int:
    """Find or make the account of somebody whom a proxy of ours vouches for; gives their id. Raises Refused."""
    try:
        return let_through(database, require_plain(email), domains)
    except IntegrityError:  # two of their requests came in this moment
        return let_through(database, require_plain(email), domains)


def let_through(database: Database, email: str, domains: Collection[str]) -> int:
    """Look for whom a proxy names, in one transaction; without domains the proxy has decided who comes in."""
    with database.write() as connection:
        if domains and not is_of(email, domains):
            raise Refused(NOT_OF_THESE.format(email))
        person = connection.execute(BY_EMAIL, {"address": email}).first() or made(connection, email, "", accounts.PROXY)
        if person.suspended_at is not None:
            raise Refused(SUSPENDED)
        return person.id
