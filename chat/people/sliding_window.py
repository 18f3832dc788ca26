"""Sliding windows: how long to wait if too many rows are younger than a minute.

The N-th newest row has to be older than a minute: then no 60 seconds hold more than N. The rows name people and
addresses by digests.
"""

from __future__ import annotations

import hashlib
import hmac

from sqlalchemy import Column, ColumnElement, Select, select

from chat.config.secret_key import derive_key
from chat.storage.database import clock

MINUTE = 60


class TooMany(Exception):
    """A limit is reached; the message is for the user, who can try again after `wait` seconds."""

    def __init__(self, sentence: str, wait: int):
        super().__init__(sentence)
        self.wait = wait


def waits(at: Column[int], whose: ColumnElement[bool]) -> Select[int]:
    """Select for each row, newest first, in how many seconds it is older than a minute. The clock has whole seconds."""
    left = select(at + MINUTE + 1 - clock()).where(whose, at >= clock() - MINUTE)
    return left.order_by(at.desc())


def digest(secret: str, purpose: str, whose: str) -> str:
    """Return the name by which the rows of one purpose know a person or an address."""
    return hmac.new(derive_key(secret, purpose), whose.encode(), hashlib.sha256).hexdigest()
