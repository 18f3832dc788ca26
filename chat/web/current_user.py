"""Who is asking, as the session says."""

from __future__ import annotations

from flask import g, request, session

from chat.config.durations import HOUR
from chat.people import accounts, authentication, login_throttle, rate_limits
from chat.people.authentication import Verified
from chat.people.login_throttle import LoginAttempt
from chat.people.person import Actor, Person
from chat.people.rate_limits import Asker, Limit
from chat.people.sessions import digest
from chat.storage.database import NotFound
from chat.web import known_browsers, session_interface
from chat.web.proxies import is_local_request
from chat.web.state import state

LONGEST_AGENT = 300

AT_THIS_MACHINE = "someone on this machine"
"""The actor in the audit log where the person who looks after the models has no account."""


def person_id() -> int | None:
    """Return the visitor's id, also in the request that makes them a guest; None before that."""
    try:
        return session.get("person")
    except (AssertionError, AttributeError):  # Flask has no session where the database failed
        return None


def person() -> Person | None:
    """Return the guest or member whom the session named at the start of the request."""
    found: Person | None = g.get("person")
    return found


def member() -> Person | None:
    """Return the member or admin who is signed in."""
    found = person()
    return found if found and found.role in accounts.ROLES else None


def admin() -> Person | None:
    found = person()
    return found if found and found.role == accounts.ADMIN else None


def require_admin() -> Person:
    """Return the admin who is asking. Raise NotFound for everybody else."""
    if found := admin():
        return found
    raise NotFound


def is_operator() -> bool:
    """Return whether the visitor may manage models: an admin, or anyone on this machine if it is the only one served.

    Behind a proxy, somebody from elsewhere can look as if they were here.
    """
    here = state.settings.access == "local" and is_local_request(request.environ)
    return here or admin() is not None


def require_operator() -> Actor:
    """Return who looks after the models. Raise NotFound for everybody else."""
    if is_operator():
        return admin() or AT_THIS_MACHINE
    raise NotFound


def login(email: str, password: str) -> None:
    """Sign the visitor in by email and password. Raise people.Refused."""
    verified = authentication.authenticate(state.database, known_browsers.login_attempt(email), password)
    login_as(verified.person.id, verified.person.password, verified=verified)


def login_as(person_id: int, known: str | None = None, by: str = "", verified: Verified | None = None) -> None:
    """Sign the visitor in from this request on, under a new session id. Their chats as a guest move to the account.

    `known` is the hash that their password matched; `by` names a proxy or provider that vouches for them. The failures
    before `verified` are cleared in the same transaction. Raise people.Refused if they can't sign in.
    """
    guest = person()
    guest_id = guest.id if guest and guest.role == "guest" else None
    agent = (request.user_agent.string or "")[:LONGEST_AGENT]
    following = session_interface.new_session({"person": person_id})
    before, after = session_interface.key_of(session), session_interface.key_of(following)
    with state.database.write() as connection:
        found = accounts.start_login(connection, person_id, guest_id, known, by)
        state.sessions.move(connection, before, after, dict(following), agent)
        if verified:
            login_throttle.clear_failures(connection, verified.account, verified.rows)
    session_interface.replace(session, following)
    g.person, g.idle = found, 0
    if not by:
        known_browsers.remember(found.email)


def logout() -> None:
    session.clear()
    g.person = g.idle = None


def confirm_password(member: Person, password: str) -> Person:
    """Check the password of a signed-in member, with a counter of its own. Raise people.Refused."""
    account = login_throttle.own_digest(state.secret, f"person {member.id}")
    return authentication.confirm(state.database, LoginAttempt(account, email=member.email), password)


def session_name() -> str:
    """Return the digest by which the database knows the visitor's session."""
    return digest(session_interface.key_of(session))


def refresh_session() -> None:
    """Extend a session that is in use, and its cookie: once an hour, so that reading rarely writes."""
    is_stale = person() is not None and (g.get("idle") or 0) >= HOUR
    if is_stale and request.endpoint != "assets.show":  # browsers cache scripts and styles for everybody
        session.modified = True


def rate_limit_subject(guest: str = "") -> Asker:
    """Return who wants an answer, and within which limits. Without limits per address it names no address."""
    own, shared = rate_limits.limits_of(state.settings)
    address = rate_limits.address_digest(state.secret, request.remote_addr) if shared != Limit() else None
    return Asker(person_id(), guest, address, own, shared)


def remember(person: int | None) -> None:
    """Keep in the session who this is, from the first message on."""
    if session.get("person") != person:
        session["person"] = person
