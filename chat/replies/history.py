"""What a model is given to read: the conversation, fitted to its window."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Row

from chat.providers.base import Messages

CHARACTERS_A_TOKEN = 3.5
MESSAGE_TOKENS = 5
"""What a message costs beside its text: its role and the marks around it."""

ANSWER_SHARE = 4
ANSWER_TOKENS = 2000
"""The room kept free for the answer: a quarter of the window, this at most."""


def messages_of(path: Sequence[Row]) -> Messages:
    """Turn the path to a reply into what a provider takes; replies without text are left out."""
    return [{"role": row.role, "content": row.text} for row in path if row.text.strip()]


def fit(messages: Messages, window: int | None) -> tuple[Messages, int]:
    """Leave out the oldest turns until the rest fits a window in tokens; gives the rest and how many were left out.

    The last message always stays: if it alone is too long, the provider says so.
    """
    if window is None:
        return messages, 0
    room = window - min(window // ANSWER_SHARE, ANSWER_TOKENS)
    start = len(messages)
    while start > 0 and (room := room - cost(messages[start - 1])) >= 0:
        start -= 1
    start = max(0, min(start, len(messages) - 1))
    while start < len(messages) - 1 and messages[start]["role"] != "user":
        start += 1
    return messages[start:], start


def cost(message: dict[str, str]) -> int:
    """Estimate the tokens of a message."""
    return int(len(message["content"]) / CHARACTERS_A_TOKEN) + MESSAGE_TOKENS
