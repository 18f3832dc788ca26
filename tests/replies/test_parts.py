"""Test that a follower receives a long text in parts, and in the end all of it."""

from __future__ import annotations

import pytest

from chat.replies.follower import Follower
from chat.replies.live import MOST, OwnedReply
from chat.replies.reader import Reader
from chat.storage.database import Database


def follower_of(database: Database, *pieces: str) -> tuple[Follower, OwnedReply]:
    """Follow a reply with some stored pieces."""
    running = OwnedReply(1, "me", list(pieces))
    return Follower(Reader(database), 1, running), running


@pytest.mark.parametrize(
    "pieces",
    [["word "] * 10_000, ["x" * (3 * MOST + 5)], ["a", "b" * MOST, "c", "d" * (MOST + 1), "e"], ["f" * MOST] * 3],
    ids=["small ones", "one", "mixed", "whole parts"],
)
def test_a_long_text_comes_in_parts(database: Database, pieces: list[str]) -> None:
    follower, running = follower_of(database, *pieces)

    parts = list(follower.so_far())
    nothing = follower.next(0)
    running.publish(["The", " end"], ended=True)

    assert "".join(parts) == "".join(pieces) and max(map(len, parts)) <= MOST
    assert [nothing, follower.next(0), follower.next(0)] == ["", "The end", None]


def test_long_reasoning_comes_in_parts(database: Database) -> None:
    follower, running = follower_of(database)
    running.publish([], thoughts=["a", "b" * (2 * MOST + 5), "c"])

    parts = list(iter(follower.next_thought, ""))
    running.publish([], thoughts=["d"])

    assert "".join(parts) == "a" + "b" * (2 * MOST + 5) + "c" and max(map(len, parts)) <= MOST
    assert [follower.next_thought(), follower.next(0)] == ["d", ""]


def test_what_is_said_after_the_beginning_is_not_so_far(database: Database) -> None:
    follower, running = follower_of(database, "a" * MOST, "b" * MOST)

    parts = follower.so_far()
    first = next(parts)
    running.publish(["c"])

    assert [first, *parts] == ["a" * MOST, "b" * MOST]
    assert follower.next(0) == "c"
