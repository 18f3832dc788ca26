"""Test which messages a model receives."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.providers.base import Messages
from chat.replies.context_window import (
    ANSWER_TOKENS,
    GO_ON,
    LARGEST,
    RECALLED,
    alternate_roles,
    continuation_messages,
    cost,
    fit,
    tokens_of,
)

TEXTS = st.integers(min_value=1, max_value=300).map(lambda length: "x" * length)
WINDOWS = st.integers(min_value=0, max_value=1500)


@st.composite
def conversations(draw: st.DrawFn) -> Messages:
    """Generate paths: a person's turns, each answered or not (a failed reply is left out)."""
    messages: Messages = []
    for text, answer in draw(st.lists(st.tuples(TEXTS, st.none() | TEXTS), min_size=1, max_size=12)):
        messages.append({"role": "user", "content": text})
        if answer is not None:
            messages.append({"role": "assistant", "content": answer})
    return messages if messages[-1]["role"] == "user" else [*messages, {"role": "user", "content": "And?"}]


def turns(count: int, length: int) -> Messages:
    """Build a conversation in which each message costs `length` / 3.5 + 5 tokens."""
    return [{"role": role, "content": "x" * length} for _ in range(count) for role in ("user", "assistant")][:-1]


def fitted_to(messages: Messages, window: int | None, rest: Messages | None = None) -> tuple[Messages, int]:
    """Fit a conversation to a window; gives the rest and how many messages of it were left out."""
    path = [SimpleNamespace(role=message["role"], text=message["content"]) for message in messages]
    fitted, _ = fit(reversed(path), rest or [], window)  # type: ignore[arg-type]
    return fitted, len(messages) + len(rest or []) - len(fitted)


def test_a_path_becomes_messages_without_replies_that_said_nothing() -> None:
    path = [
        SimpleNamespace(role="user", text="Hello?"),
        SimpleNamespace(role="assistant", text=""),
        SimpleNamespace(role="user", text="Anyone?"),
        SimpleNamespace(role="assistant", text=" \n"),
        SimpleNamespace(role="user", text="Please?"),
        SimpleNamespace(role="assistant", text="Yes."),
    ]

    messages, left_out = fit(reversed(path), [], None)  # type: ignore[arg-type]

    assert left_out == 0
    assert messages == [
        {"role": "user", "content": "Hello?"},
        {"role": "user", "content": "Anyone?"},
        {"role": "user", "content": "Please?"},
        {"role": "assistant", "content": "Yes."},
    ]


def test_no_more_is_read_than_fills_the_window_and_one_message() -> None:
    asked_for: list[int] = []

    def above() -> Iterator[SimpleNamespace]:
        for number in itertools.count(1):
            asked_for.append(number)
            yield SimpleNamespace(role="user", text="x" * 350)

    all_that_fit = (LARGEST - ANSWER_TOKENS) // 105
    assert [len(messages) for messages, _ in (fit(above(), [], 1400), fit(above(), [], None))] == [10, all_that_fit]  # type: ignore[arg-type]
    assert asked_for == [*range(1, 12), *range(1, all_that_fit + 2)]


@given(conversations())
def test_a_model_whose_window_is_not_known_reads_everything(messages: Messages) -> None:
    assert fitted_to(messages, None) == (messages, 0)


@given(conversations())
def test_a_window_that_is_large_enough_leaves_nothing_out(messages: Messages) -> None:
    assert fitted_to(messages, 2 * sum(map(cost, messages)) + 8000) == (messages, 0)


@given(conversations(), WINDOWS)
def test_what_is_left_out_is_the_oldest(messages: Messages, window: int) -> None:
    fitted, left_out = fitted_to(messages, window)

    assert messages[left_out:] == fitted
    assert 0 <= left_out < len(messages)


@given(conversations(), WINDOWS)
def test_the_last_message_always_stays_and_the_first_is_a_persons(messages: Messages, window: int) -> None:
    fitted, _ = fitted_to(messages, window)

    assert fitted[-1] == messages[-1]
    assert fitted[0]["role"] == "user"


@given(conversations(), WINDOWS)
def test_what_is_kept_fits_beside_an_answer_unless_it_is_one_message(messages: Messages, window: int) -> None:
    fitted, _ = fitted_to(messages, window)

    assert len(fitted) == 1 or sum(map(cost, fitted)) <= window - min(window // 4, 2000)


@given(conversations(), WINDOWS)
def test_no_turn_is_left_out_that_would_have_fitted(messages: Messages, window: int) -> None:
    _, left_out = fitted_to(messages, window)

    before = [number for number in range(left_out) if messages[number]["role"] == "user"]
    longer = messages[before[-1] :] if before else []

    assert not longer or sum(map(cost, longer)) > window - min(window // 4, 2000)


@pytest.mark.parametrize(("window", "kept"), [(1000, 7), (999, 7), (900, 5), (839, 5), (140, 1), (0, 1)])
def test_a_long_conversation_loses_whole_turns(window: int, kept: int) -> None:
    messages = turns(10, 350)

    fitted, left_out = fitted_to(messages, window)

    assert (len(fitted), left_out) == (kept, 19 - kept)
    assert sum(map(cost, fitted)) == kept * 105


def test_a_conversation_without_messages_stays_empty() -> None:
    assert fitted_to([], 100) == ([], 0)


@pytest.mark.parametrize("text", ["", " \n"])
def test_a_reply_that_has_not_begun_is_not_gone_on_with(text: str) -> None:
    assert continuation_messages(text, 1000) == []


@pytest.mark.parametrize(("window", "length"), [(None, RECALLED), (100_000, RECALLED), (1000, 875), (0, 1)])
def test_going_on_recalls_the_end_of_what_was_said_and_leaves_room_for_more(window: int | None, length: int) -> None:
    text = "".join(f"{number} " for number in range(5000))

    assert continuation_messages(text, window) == [
        {"role": "assistant", "content": text[-length:]},
        {"role": "user", "content": GO_ON},
    ]


@given(conversations(), TEXTS, WINDOWS)
def test_who_goes_on_reads_the_question_and_what_was_said_whatever_the_window(
    messages: Messages, text: str, window: int
) -> None:
    rest = continuation_messages(f"So {text}", window)

    fitted, left_out = fitted_to(messages, window, rest)

    assert fitted[-3:] == [messages[-1], *rest]
    assert (messages + rest)[left_out:] == fitted and fitted[0]["role"] == "user"


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("x" * 350, 100), ("水" * 900, 900), ("Привет" * 10, 40), ("👋", 4 / 3)],
)
def test_a_chinese_character_counts_about_a_token(text: str, tokens: float) -> None:
    assert tokens_of(text) == pytest.approx(tokens)


def test_a_conversation_in_chinese_is_fitted_to_a_small_window() -> None:
    messages = [{"role": role, "content": "水" * 900} for _ in range(5) for role in ("user", "assistant")][:-1]

    fitted, left_out = fitted_to(messages, 4096)

    assert (len(fitted), left_out) == (3, 6)


def test_what_is_recalled_of_an_answer_in_chinese_fits_as_well() -> None:
    assert len(continuation_messages("水" * 5000, 1000)[0]["content"]) == 250


def words_of(messages: Messages) -> str:
    return "".join(message["content"] for message in messages if message["role"] == "user")


@given(conversations())
def test_roles_alternate_and_no_word_of_a_person_is_lost(messages: Messages) -> None:
    told = alternate_roles(messages)

    assert all(message["role"] == ("user", "assistant")[number % 2] for number, message in enumerate(told))
    words = [message["content"] for message in messages if message["role"] == "user"]
    assert "".join(words) == "".join(message["content"] for message in told if message["role"] == "user").replace(
        "\n", ""
    )


def test_an_answer_that_comes_first_or_was_nothing_but_thought_is_left_out() -> None:
    messages = [
        {"role": "assistant", "content": "Hello, I am here."},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "<think>Hm."},
        {"role": "user", "content": "two"},
    ]

    assert alternate_roles(messages) == [{"role": "user", "content": "one\n\ntwo"}]
