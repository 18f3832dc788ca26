"""Test a reply in progress: what followers may see of it, and how it stops."""

from __future__ import annotations

import pytest

from chat.providers.answer import CreateResult
from chat.replies.live import OwnedReply


class Unclosable(CreateResult):
    """A result whose end fails."""

    def close(self) -> None:
        raise OSError("the line is dead")


class Noted(CreateResult):
    """A result that notes whether it was closed."""

    closed = False

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def running() -> OwnedReply:
    """A reply without stored pieces."""
    return OwnedReply(7, "me")


def test_a_stop_reaches_the_result(running: OwnedReply) -> None:
    result = Noted("small")
    running.attach(result)

    running.stop()

    assert result.closed


def test_a_stop_before_there_is_a_result_reaches_it_at_once(running: OwnedReply) -> None:
    result = Noted("small")
    running.stop()

    running.attach(result)

    assert result.closed


def test_a_result_that_can_not_be_closed_takes_nobody_down(running: OwnedReply) -> None:
    running.attach(Unclosable("small"))

    running.lose()

    assert running.stopped and running.ended


def test_who_follows_a_lost_reply_is_woken(running: OwnedReply) -> None:
    result = Noted("small")
    running.attach(result)
    running.publish(["So"])

    running.lose()

    assert running.lost and result.closed
    assert running.wait(1, 20) == (None, 1)


def test_a_notice_is_the_results(running: OwnedReply) -> None:
    assert running.notice == ""

    result = Noted("small")
    result.notice = "Two are before you."
    running.attach(result)

    assert running.notice == "Two are before you."


def test_a_notice_ends_with_the_first_word(running: OwnedReply) -> None:
    result = Noted("small")
    result.notice = "Two are before you."
    running.attach(result)

    running.publish(["So"])

    assert running.notice == ""
