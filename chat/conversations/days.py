"""Group conversations by the day of their last message."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby

from chat.conversations.records import Conversation

RECENT = [(0, "Today"), (1, "Yesterday"), (7, "Previous 7 days"), (30, "Previous 30 days")]
"""The age in days up to which a conversation is in a group; older ones are grouped by month."""


def group_by_day(listed: Iterable[Conversation], now: datetime) -> list[tuple[str, list[Conversation]]]:
    """Name the groups of a list, the newest first; days begin at midnight in the time zone of `now`."""
    return [(name, list(rows)) for name, rows in groupby(listed, lambda row: group_of(row.updated_at, now))]


def group_of(changed_at: int, now: datetime) -> str:
    """Name the group of a time in epoch seconds."""
    day = datetime.fromtimestamp(changed_at, now.tzinfo).date()
    age = (now.date() - day).days
    return next((name for most, name in RECENT if age <= most), f"{day:%B %Y}")
