"""Test the groups of the list."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from chat.conversations import Conversation, group_by_day

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 30, 0, 30, tzinfo=BERLIN)
"""Half an hour after midnight, a day after the clocks were put forward."""


def changed(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> Conversation:
    """Return a conversation whose last message was sent at a time in Berlin."""
    at = int(datetime(year, month, day, hour, minute, tzinfo=BERLIN).timestamp())
    return Conversation(1, "", None, False, False, at, at)


@pytest.mark.parametrize(
    ("when", "group"),
    [
        ((2026, 3, 30, 0, 10), "Today"),
        ((2026, 3, 30, 9, 0), "Today"),
        ((2026, 3, 29, 23, 59), "Yesterday"),
        ((2026, 3, 29, 0, 0), "Yesterday"),
        ((2026, 3, 28, 23, 59), "Previous 7 days"),
        ((2026, 3, 23, 0, 0), "Previous 7 days"),
        ((2026, 3, 22, 23, 59), "Previous 30 days"),
        ((2026, 2, 28, 0, 0), "Previous 30 days"),
        ((2026, 2, 27, 23, 59), "February 2026"),
        ((2025, 3, 30, 12, 0), "March 2025"),
    ],
)
def test_a_conversation_is_in_the_group_of_its_day(when: tuple[int, int, int, int, int], group: str) -> None:
    assert [name for name, _ in group_by_day([changed(*when)], NOW)] == [group]


def test_a_group_holds_all_conversations_of_its_days_in_order() -> None:
    listed = [changed(2026, 3, 30, 0, 20), changed(2026, 3, 30, 0, 10), changed(2026, 1, 2), changed(2026, 1, 1)]

    assert group_by_day(listed, NOW) == [("Today", listed[:2]), ("January 2026", listed[2:])]


def test_an_empty_list_has_no_group() -> None:
    assert group_by_day([], NOW) == []
