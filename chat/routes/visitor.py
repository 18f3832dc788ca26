"""Who is asking: the session says it, and a newcomer's form names the guest to be.

Every composer carries a key of 128 random bits, signed. The same key is the same turn, however often it is posted. For
a visitor without a session it also names the guest that the first message makes, so that a double click makes one.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from flask import current_app, request, session
from itsdangerous import BadSignature, URLSafeSerializer

from chat import limits
from chat.limits import Asker, Limit

A_DAY = 86_400


@dataclass(frozen=True)
class FormKey:
    """What a composer's hidden field says: which turn this is, and which guest, where it is a newcomer's."""

    turn: str
    guest: str


def person_id() -> int | None:
    """Tell who is asking; None for a visitor who has said nothing yet."""
    try:
        return session.get("person")
    except (AssertionError, AttributeError):  # Flask has no session where the database failed
        return None


def keep_session() -> None:
    """Let a session that is in use live on: touched once a day, so that reading writes nothing."""
    today = int(time.time()) // A_DAY
    if session.get("person") and session.get("day") != today:
        session["day"] = today


def new_form_key() -> str:
    """Make the key of a composer."""
    guest = "" if person_id() else secrets.token_urlsafe(16)
    return serializer().dumps([secrets.token_urlsafe(16), guest])


def read_form_key(text: str) -> FormKey:
    """Read a composer's key; one that isn't ours, or is missing, counts as a new one."""
    try:
        turn, guest = serializer().loads(text)
    except (BadSignature, ValueError, TypeError):
        turn, guest = secrets.token_urlsafe(16), ""
    return FormKey(turn, guest)


def serializer() -> URLSafeSerializer:
    """Give the signer of form keys; what an older key signed still holds."""
    older = current_app.config["SECRET_KEY_FALLBACKS"]
    return URLSafeSerializer([*reversed(older), current_app.secret_key or ""], salt="turn")


def asker(guest: str = "") -> Asker:
    """Tell who wants an answer, from where, and within which limits; an address is looked at only where it has some."""
    settings = current_app.extensions["settings"]
    own = Limit(settings["ANSWERS_AT_ONCE"], settings["SENDS_A_MINUTE"])
    shared = Limit(settings["ANSWERS_AT_ONCE_PER_ADDRESS"], settings["SENDS_A_MINUTE_PER_ADDRESS"])
    address = limits.digest(str(current_app.secret_key), request.remote_addr) if shared != Limit() else None
    return Asker(person_id(), guest, address, own, shared)


def remember(person: int | None) -> None:
    """Let the session say who this is, from the first message on."""
    if session.get("person") != person:
        session["person"] = person
    keep_session()
