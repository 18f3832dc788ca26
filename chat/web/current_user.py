"""Who is asking: the session says it."""

from __future__ import annotations

from typing import cast

from flask import current_app, g, request, session
from sqlalchemy import Row

from chat.people import accounts, login_throttle, rate_limits
from chat.people.login_throttle import Try
from chat.people.rate_limits import Asker, Limit
from chat.people.sessions import digest
from chat.storage.database import NotFound
from chat.web import known_browsers, state
from chat.web.session_interface import Sessions

AN_HOUR = 3_600
LONGEST_AGENT = 300


def person_id() -> int | None:
    """Tell who is asking; None for a visitor who has said nothing yet."""
    try:
        return session.get("person")
    except (AssertionError, AttributeError):  # Flask has no session where the database failed
        return None


def person() -> Row | None:
    """Give who has come back: `id`, `email`, `name`, `role`; None for a newcomer, and for who was suspended."""
    found: Row | None = g.get("person")
    return found if found is not None and found.id is not None else None


def is_member() -> bool:
    """Tell whether the visitor is signed in."""
    found = person()
    return found is not None and found.role in accounts.ROLES


def require_admin() -> Row:
    """Give the admin who is asking. Raises NotFound for everybody else."""
    found = person()
    if found is None or found.role != accounts.ADMIN:
        raise NotFound
    return found


def sign_in(person_id: int, known: str | None = None, by: str = "") -> None:
    """Let the visitor be somebody from this very request on, under another session id, with what they said as a guest.

    `known` is the hash that their password matched, if that is why; `by` tells by whose word, if not by ours. Raises
    people.Refused where they may not come in.
    """
    store, sid, said = sessions(), sessions().new_id(), {"person": person_id, "_permanent": True}
    guest = person_id_of_guest()
    agent = (request.user_agent.string or "")[:LONGEST_AGENT]
    with state.database().write() as connection:
        person = accounts.let_in(connection, person_id, guest, known, by)
        store.cache.move(connection, store.key_of(session), store.key_for(sid), said, agent)
    store.replace(session, sid, said)
    g.person = store.cache.find(store.key_of(session))
    if not by:
        known_browsers.remember(person.email)


def sign_out() -> None:
    """End the visitor's session."""
    session.clear()
    g.person = None


def person_id_of_guest() -> int | None:
    """Tell which guest the visitor is; None for anybody else."""
    found = person()
    return found.id if found is not None and found.role == "guest" else None


def tried_within(person_id: int) -> Try:
    """Tell that somebody who is signed in tries to show once more who they are."""
    return Try(login_throttle.own_digest(state.secret(), f"person {person_id}"))


def session_name() -> str:
    """Give what the table knows the visitor's session by."""
    return digest(sessions().key_of(session))


def sessions() -> Sessions:
    """Give what keeps the sessions."""
    return cast(Sessions, current_app.session_interface)


def keep_session() -> None:
    """Let a session that is in use live on: touched once an hour, so that reading writes nothing.

    Its cookie is given again then, and at once where it has the name of an older version.
    """
    found = person()
    if found is None or request.endpoint == "assets.show":  # scripts and styles are nobody's
        return
    if (found.idle or 0) >= AN_HOUR or sessions().is_named_otherwise(session):
        session.modified = True


def asker(guest: str = "") -> Asker:
    """Tell who wants an answer, from where, and within which limits; an address is looked at only where it has some."""
    settings = state.settings()
    own = Limit(settings.max_concurrent_answers, settings.messages_per_minute)
    shared = Limit(settings.max_concurrent_answers_per_address, settings.messages_per_minute_per_address)
    address = rate_limits.digest(state.secret(), request.remote_addr) if shared != Limit() else None
    return Asker(person_id(), guest, address, own, shared)


def remember(person: int | None) -> None:
    """Let the session say who this is, from the first message on."""
    if session.get("person") != person:
        session["person"] = person
