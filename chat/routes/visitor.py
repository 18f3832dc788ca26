"""Who is asking: the session says it, and a newcomer's form names the guest to be.

Every composer carries a key of 128 random bits, signed. The same key is the same turn, however often it is posted. For
a visitor without a session it also names the guest that the first message makes, so that a double click makes one.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from flask import current_app, session
from itsdangerous import BadSignature, URLSafeSerializer

from chat import accounts
from chat.database import Database

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
    """Give the signer of form keys."""
    return URLSafeSerializer(current_app.secret_key or "", salt="turn")


def person_asking(database: Database, key: FormKey) -> int:
    """Tell who is asking; a newcomer becomes a guest here."""
    known = person_id()
    if known is None:
        known = accounts.welcome(database, key.guest or secrets.token_urlsafe(16))
    if known is None:  # the form's guest is no newcomer any more, and this visitor can't show to be that guest
        known = accounts.welcome(database, secrets.token_urlsafe(16))
    assert known is not None  # a name made just now is nobody's
    if person_id() != known:  # what is set is stored, even where it was the same
        session["person"] = known
    keep_session()
    return known
