"""Test the stopwatch: what is known about a reply's making, over one call or several."""

from __future__ import annotations

from typing import Any

import pytest

from chat.providers.answer import CreateResult
from chat.replies import stopwatch
from chat.replies.stopwatch import Stopwatch


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        """Return the time."""
        return self.now


class Earlier:
    """A continued reply, as it is stored."""

    def __init__(self, **known: Any):
        vars(self).update(known)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the module."""
    clock = Clock()
    monkeypatch.setattr(stopwatch, "time", clock)
    return clock


def told(prompt: int | None = 7, completion: int | None = 11, thinking_since: float | None = None) -> CreateResult:
    """Return a result with token counts from its server."""
    result = CreateResult("small")
    result.usage = {} if prompt is None else {"prompt_tokens": prompt, "completion_tokens": completion or 0}
    result.thinking_since = thinking_since
    return result


def test_the_first_word_and_the_whole_are_timed(clock: Clock) -> None:
    watch = Stopwatch()
    clock.now += 2
    watch.note_word()
    clock.now += 3
    watch.note_word()

    facts = watch.facts(told())

    assert facts == {"first_word_ms": 2000, "duration_ms": 5000, "prompt_tokens": 7, "completion_tokens": 11}


def test_without_a_word_there_is_no_time_to_it(clock: Clock) -> None:
    facts = Stopwatch().facts(None)

    assert facts == {"duration_ms": 0, "prompt_tokens": None, "completion_tokens": None}


def test_thinking_lasts_until_the_first_word(clock: Clock) -> None:
    watch = Stopwatch()
    clock.now += 5
    watch.note_word()
    clock.now += 5

    assert watch.facts(told(thinking_since=101.0))["reasoning_ms"] == 4000


def test_thinking_without_a_word_lasts_until_the_end(clock: Clock) -> None:
    watch = Stopwatch()
    clock.now += 5

    assert watch.facts(told(thinking_since=101.0))["reasoning_ms"] == 4000


def test_what_is_gone_on_with_is_added_to(clock: Clock) -> None:
    known = {"duration_ms": 1000, "prompt_tokens": 1, "completion_tokens": 2, "reasoning_ms": 500}
    watch = Stopwatch()
    watch.add_to(Earlier(**known))  # type: ignore[arg-type]
    clock.now += 2
    watch.note_word()

    facts = watch.facts(told(thinking_since=101.0))

    assert facts == {"duration_ms": 3000, "prompt_tokens": 8, "completion_tokens": 13, "reasoning_ms": 1500}


def test_what_is_not_known_of_the_beginning_is_not_told_of_the_whole(clock: Clock) -> None:
    watch = Stopwatch()
    watch.add_to(Earlier(duration_ms=None, prompt_tokens=None, completion_tokens=2))  # type: ignore[arg-type]

    facts = watch.facts(told(prompt=None))

    assert facts == {"duration_ms": None, "prompt_tokens": None, "completion_tokens": None}
