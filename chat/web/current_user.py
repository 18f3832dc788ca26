"""Who is asking: the session says it."""

from __future__ import annotations

from typing import cast

from flask import current_app, g, request, session

from chat.config.durations import HOUR
from chat.people import accounts, authentication, login_throttle, rate_limits
from chat.people.authentication import Verified
from chat.people.login_throttle import LoginAttempt
from chat.people.person import Person
from chat.people.rate_limits import Asker, Limit
from chat.people.sessions import digest
from chat.storage.database import NotFound
from chat.web import known_browsers
from chat.web.session_interface import Sessions
from chat.web.state import state

LONGEST_AGENT = 300


def person_id() -> int | None:
    """Tell who is asking; None for a visitor who has said nothing yet."""
    try:
        return session.get("person")
    except (AssertionError, AttributeError):  # Flask has no session where the database failed
        return None


def person() -> Person | None:
    """Give who has come back; None for a newcomer, and for who was suspended."""
    found: Person | None = g.get("person")
    return found


def is_member() -> bool:
    """Tell whether the visitor is signed in."""
    found = person()
    return found is not None and found.role in accounts.ROLES


def require_admin() -> Person:
    """Give the admin who is asking. Raises NotFound for everybody else."""
    found = person()
    if found is None or found.role != accounts.ADMIN:
        raise NotFound
    return found


def login(email: str, password: str) -> None:
    """Sign the visitor in by e-mail and password. Raises people.Refused."""
    verified = authentication.authenticate(state.database, known_browsers.login_attempt(email), password)
    login_as(verified.person.id, verified.person.password, verified=verified)


def login_as(person_id: int, known: str | None = None, by: str = "", verified: Verified | None = None) -> None:
    """Let the visitor be somebody from this very request on, under another session id, with what they said as a guest.

    `known` is the hash that their password matched, if that is why; `by` tells by whose word, if not by ours. The
    failures before `verified` are cleared in the same transaction. Raises people.Refused where they may not come in.
    """
    store, sid, said = sessions(), sessions().new_id(), {"person": person_id, "_permanent": True}
    guest = guest_id()
    agent = (request.user_agent.string or "")[:LONGEST_AGENT]
    with state.database.write() as connection:
        person = accounts.start_login(connection, person_id, guest, known, by)
        store.cache.move(connection, store.key_of(session), store.key_for(sid), said, agent)
        if verified:
            login_throttle.clear_failures(connection, verified.account, verified.rows)
    store.replace(session, sid, said)
    g.person, g.idle = person, 0
    if not by:
        known_browsers.remember(person.email)


def logout() -> None:
    """End the visitor's session."""
    session.clear()
    g.person = g.idle = None


def guest_id() -> int | None:
    """Tell which guest the visitor is; None for anybody else."""
    found = person()
    return found.id if found is not None and found.role == "guest" else None


def confirm_password(member: Person, password: str) -> Person:
    """Check the password of a signed-in member, by a counter of its own. Raises people.Refused."""
    account = login_throttle.own_digest(state.secret, f"person {member.id}")
    return authentication.confirm(state.database, LoginAttempt(account, email=member.email), password)


def session_name() -> str:
    """Give what the table knows the visitor's session by."""
    return digest(sessions().key_of(session))


def sessions() -> Sessions:
    """Give what keeps the sessions."""
    return cast(Sessions, current_app.session_interface)


def refresh_session() -> None:
    """Extend a session that is in use, and its cookie: once an hour, so that reading writes nothing."""
    found = person()
    if found is None or request.endpoint == "assets.show":  # scripts and styles are nobody's
        return
    if (g.get("idle") or 0) >= HOUR:
        session.modified = True


def rate_limit_subject(guest: str = "") -> Asker:
    """Tell who wants an answer, from where, and within which limits; an address is looked at only where it has some."""
    settings = state.settings
    own = Limit(settings.max_concurrent_answers, settings.messages_per_minute)
    shared = Limit(settings.max_concurrent_answers_per_address, settings.messages_per_minute_per_address)
    address = rate_limits.address_digest(state.secret, request.remote_addr) if shared != Limit() else None
    return Asker(person_id(), guest, address, own, shared)


def remember(person: int | None) -> None:
    """Let the session say who this is, from the first message on."""
    if session.get("person") != person:
        session["person"] = person
