"""Test the facts that an answer states about itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from chat.routes.reply_facts import list_facts

KNOWN = {
    "model": "small",
    "provider": "scripted",
    "text": "So it goes.",
    "prompt_tokens": 1234,
    "completion_tokens": 300,
    "first_word_ms": 800,
    "duration_ms": 12_800,
    "reasoning_ms": None,
}


def facts(**known: Any) -> dict[str, str]:
    return list_facts(SimpleNamespace(**{**KNOWN, **known}))  # type: ignore[arg-type]


def test_all_that_is_known_is_told() -> None:
    assert facts() == {
        "Model": "small (scripted)",
        "Time to first word": "0.8 s",
        "Total time": "13 s",
        "Tokens": "1,234 in, 300 out",
        "Speed": "25 tokens/s",
    }


def test_tokens_that_were_thought_count_with_the_time_they_took() -> None:
    assert facts(first_word_ms=10_800, reasoning_ms=10_000)["Speed"] == "25 tokens/s"


def test_tokens_that_nobody_counted_are_marked_as_an_estimate() -> None:
    told = facts(prompt_tokens=None, completion_tokens=None, text="x" * 350)

    assert told["Tokens"] == "about 100 out" and "Speed" not in told


def test_an_answer_in_one_piece_has_no_speed() -> None:
    assert "Speed" not in facts(first_word_ms=12_700)


def test_of_an_answer_without_a_word_nothing_is_made_up() -> None:
    unknown = dict.fromkeys(("prompt_tokens", "completion_tokens", "first_word_ms", "duration_ms"))

    assert facts(text="", **unknown) == {"Model": "small (scripted)"}
