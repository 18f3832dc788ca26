"""The key of a page's composer: 128 random bits, signed. Posting a text twice with one key makes one turn.

For a visitor without a session it also names the guest that the first message creates, so a double click creates one.
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
    """What the hidden field says: the form, and a newcomer's guest."""

    turn: str
    guest: str


def new_key() -> str:
    """Make the key of a composer. It names the guest of the form before it until the newcomer's session comes back.

    Another tab's first message can have replaced their cookie.
    """
    guest = "" if current_user.person() else read_key(request.form.get("key", "")).guest or secrets.token_urlsafe(16)
    return state.signer("turn").dumps([secrets.token_urlsafe(16), guest])


def read_key(text: str) -> FormKey:
    """Read a composer's key; a missing or forged one counts as new."""
    try:
        turn, guest = state.signer("turn").loads(text)
    except (BadSignature, ValueError, TypeError):
        turn, guest = secrets.token_urlsafe(16), ""
    return FormKey(turn, guest)


def owner() -> str:
    """Return a digest that names the owner of the drafts in this browser; empty for guests."""
    member = current_user.member()
    if member is None:
        return ""
    return hmac.new(derive_key(state.secret, "drafts"), str(member.id).encode(), hashlib.sha256).hexdigest()[:16]
