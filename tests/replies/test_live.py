"""Test what followers may see of a reply: numbered pieces, and the wait for more."""

from __future__ import annotations

import threading

import pytest

from chat.replies.live import LiveReply


@pytest.fixture
def shown() -> LiveReply:
    """A reply without stored pieces."""
    return LiveReply()


def test_what_was_published_is_given_from_a_position_on(shown: LiveReply) -> None:
    shown.publish(["So ", "it "])
    shown.publish(["goes."])

    assert shown.wait(0, 0) == ("So it goes.", 3)
    assert shown.wait(2, 0) == ("goes.", 3)


def test_what_was_stored_before_is_shown_first() -> None:
    shown = LiveReply(["So ", "it "])

    shown.publish(["goes."])

    assert shown.wait(0, 0) == ("So it goes.", 3)


def test_without_news_there_is_an_empty_text_after_the_timeout(shown: LiveReply) -> None:
    assert shown.wait(0, 0.01) == ("", 0)


def test_who_waits_is_woken_by_news(shown: LiveReply) -> None:
    seen: list[tuple[str | None, int]] = []
    waiting = threading.Thread(target=lambda: seen.append(shown.wait(0, 20)))
    waiting.start()

    shown.publish(["So"])
    waiting.join(20)

    assert seen == [("So", 1)]


def test_who_waits_is_not_woken_for_nothing(shown: LiveReply) -> None:
    waited_for = shown._changed

    shown.publish([])
    was_woken = waited_for.is_set()
    shown.publish(["So"])

    assert not was_woken and waited_for.is_set()


def test_who_listens_is_woken_by_thoughts(shown: LiveReply) -> None:
    shown.publish([], thoughts=["Hm."])

    assert shown.wait(0, 20, heard=0) == ("", 0)
    assert shown.wait(0, 0.01, heard=1) == ("", 0)


def test_thinking_lasts_from_the_first_thought_to_the_first_word(
    shown: LiveReply, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("chat.replies.live.time.monotonic", lambda: now)
    times = [shown.thought_for]
    for pieces, thoughts in (([], ["Hm. "]), ([], ["Well."]), (["So"], []), ([" it"], ["Wait."])):
        shown.publish(pieces, thoughts=thoughts)
        now += 2
        times.append(shown.thought_for)

    assert times == [None, 2, 4, 4, 4]


def test_reasoning_that_was_stored_before_is_not_timed() -> None:
    shown = LiveReply(thoughts=["Hm."])

    shown.publish([], thoughts=["Well."])

    assert shown.thought_for is None


def test_the_end_comes_after_all_text(shown: LiveReply) -> None:
    shown.publish(["So."], ended=True)

    assert shown.wait(0, 0) == ("So.", 1)
    assert shown.wait(1, 0) == (None, 1)


def test_what_has_ended_stays_ended(shown: LiveReply) -> None:
    shown.publish([], ended=True)

    shown.publish([])

    assert shown.wait(0, 20) == (None, 0)


def test_who_waits_is_sent_away_when_the_process_leaves(shown: LiveReply) -> None:
    seen: list[tuple[str | None, int]] = []
    waiting = threading.Thread(target=lambda: seen.append(shown.wait(0, 20)))
    waiting.start()

    shown.drain()
    waiting.join(20)

    assert seen == [(None, 0)]
    assert shown.drained and shown.ended and not shown.lost


def test_a_mirror_has_no_notice(shown: LiveReply) -> None:
    assert shown.notice == ""
