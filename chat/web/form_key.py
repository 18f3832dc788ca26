"""The key of a page's forms: 128 random bits, signed. The same text with the same key is the same turn, however often
it is posted.

For a visitor without a session it also names the guest that the first message makes, so that a double click makes one.
And whose drafts a page keeps.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from flask import request
from itsdangerous import BadSignature

from chat.config.secret_key import derive_key
from chat.web import current_user
from chat.web.state import state


@dataclass(frozen=True)
class FormKey:
    """What a hidden field says: which form this is, and which guest, where it is a newcomer's."""

    turn: str
    guest: str


def new_key() -> str:
    """Make the key of a composer; until a newcomer's session has come back, it names the guest of the form before it.

    Another tab's first message may have taken the place of their cookie.
    """
    guest = "" if current_user.person() else read_key(request.form.get("key", "")).guest or secrets.token_urlsafe(16)
    return state.signer("turn").dumps([secrets.token_urlsafe(16), guest])


def read_key(text: str) -> FormKey:
    """Read a composer's key; one that isn't ours, or is missing, counts as a new one."""
    try:
        turn, guest = state.signer("turn").loads(text)
    except (BadSignature, ValueError, TypeError):
        turn, guest = secrets.token_urlsafe(16), ""
    return FormKey(turn, guest)


def owner() -> str:
    """Name whose drafts a page keeps, by a digest; empty where nobody is signed in."""
    member = current_user.person() if current_user.is_member() else None
    if member is None:
        return ""
    return hmac.new(derive_key(state.secret, "drafts"), str(member.id).encode(), hashlib.sha256).hexdigest()[:16]
