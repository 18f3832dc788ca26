"""Test reading a branch a few messages at a time: all of it, in order, and no other branch."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chat import conversations
from chat.conversations import paging
from chat.conversations.transcript import BATCH
from chat.storage.database import Database
from tests.turns import answered, asked, grown, guest


@pytest.mark.parametrize("length", [2, BATCH, 3 * BATCH + 2])
def test_each_message_of_a_branch_is_read_once_and_in_order(either: Database, length: int) -> None:
    person = guest(either, "ann")
    answered(either, asked(either, person, "Another conversation"))
    last = grown(either, person, length) if length > 2 else answered(either, asked(either, person))

    read = list(conversations.read_transcript(either, last.reply_id))

    shown = paging.newest(either, last.reply_id).rows
    assert len(read) == length
    assert read == [replace(message, html=None) for message in shown]


def test_nothing_is_on_the_way_to_nothing(database: Database) -> None:
    assert list(conversations.read_transcript(database, None)) == []
