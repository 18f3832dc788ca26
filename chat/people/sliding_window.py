"""Sliding windows: how long to wait where too many rows are younger than a minute.

The N-th newest row has to be older than a minute: then no 60 seconds hold more than N. Who is counted stands in these
rows as a digest.
"""

from __future__ import annotations

import hashlib
import hmac

from sqlalchemy import BindParameter, Column, ColumnElement, Select, select

from chat.config.secret_key import derive_key
from chat.storage.database import clock

MINUTE = 60


class TooMany(Exception):
    """A limit is reached; the message is for the person who asks, who can ask again after `wait` seconds."""

    def __init__(self, sentence: str, wait: int):
        super().__init__(sentence)
        self.wait = wait


def waits(at: Column[int], whose: ColumnElement[bool]) -> Select[int]:
    """Select for each row in how many seconds it is more than a minute old by a clock of whole ones, newest first."""
    left = select(at + MINUTE + 1 - clock()).where(whose, at >= clock() - MINUTE)
    return left.order_by(at.desc())


def nth_newest(rows: Select[int], number: BindParameter[int]) -> Select[int]:
    """Select one of some rows, counted from 0."""
    return rows.limit(1).offset(number)


def digest(secret: str, purpose: str, whose: str) -> str:
    """Give what the rows of one purpose know somebody by."""
    return hmac.new(derive_key(secret, purpose), whose.encode(), hashlib.sha256).hexdigest()
