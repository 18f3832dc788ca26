"""What a model is given to read: the conversation, fitted to its window."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Row

from chat.providers.answer import without_thoughts
from chat.providers.base import Messages

CHARACTERS_A_TOKEN, WIDE_BYTES_A_TOKEN = 3.5, 3
"""What a token holds: letters of English, and bytes of what is not ASCII. A Chinese character is a token."""

MESSAGE_TOKENS = 5
"""What a message costs beside its text: its role and the marks around it."""

GO_ON = "Your answer was cut off. Go on exactly where it stopped: repeat nothing of it, and add no preface."

RECALLED = 8000
"""How much of its own broken-off reply a model is given, in characters; no more than fills a quarter of its window."""

LARGEST = 1_000_000
"""The largest window that is filled, in tokens; one that isn't known is taken for it."""

ANSWER_SHARE = 4
ANSWER_TOKENS = 2000
"""The room kept free for the answer: a quarter of the window, this at most."""


def read_messages(above: Iterable[Row], window: int | None) -> Messages:
    """Turn the messages above a reply, the newest first, into what a provider takes, in the order of their age.

    As many are read as fill the window, and one more. Replies without text are left out.
    """
    room, messages = usable_tokens(window), []
    for row in above:
        if row.text.strip():
            messages.append({"role": row.role, "content": row.text})
            room -= cost(messages[-1])
        if room < 0:
            break
    return messages[::-1]


def continuation_messages(text: str, window: int | None) -> Messages:
    """Ask for the rest of a reply that broke off after `text`; nothing where it hasn't begun."""
    if not text.strip():
        return []
    room = RECALLED if window is None else min(RECALLED, round(window / 4 * len(text) / tokens_of(text)))
    recalled = text[-max(1, room) :]
    return [{"role": "assistant", "content": recalled}, {"role": "user", "content": GO_ON}]


def fit(messages: Messages, window: int | None, last: int = 1) -> tuple[Messages, int]:
    """Leave out the oldest turns until the rest fits a window in tokens; gives the rest and how many were left out.

    The `last` messages always stay: if they alone are too long, the provider says so.
    """
    window = usable_tokens(window)
    room = window - min(window // ANSWER_SHARE, ANSWER_TOKENS)
    start = len(messages)
    while start > 0 and (room := room - cost(messages[start - 1])) >= 0:
        start -= 1
    start = max(0, min(start, len(messages) - last))
    while start < len(messages) - last and messages[start]["role"] != "user":
        start += 1
    return messages[start:], start


def usable_tokens(window: int | None) -> int:
    """Tell how much of a window is filled, in tokens."""
    return LARGEST if window is None else min(window, LARGEST)


def cost(message: dict[str, str]) -> int:
    """Estimate the tokens of a message."""
    return int(tokens_of(message["content"])) + MESSAGE_TOKENS


def tokens_of(text: str) -> float:
    """Estimate the tokens of a text."""
    letters = len(text) if text.isascii() else len(text.encode("ascii", "ignore"))
    wide = len(text.encode("utf-8", "replace")) - letters
    return letters / CHARACTERS_A_TOKEN + wide / WIDE_BYTES_A_TOKEN


def alternate_roles(messages: Messages) -> Messages:
    """Let the roles alternate, a person's first, as some servers want it: a question without an answer joins the next.

    Thoughts in tags that an older version stored in an answer are left out.
    """
    told: Messages = []
    for message in map(drop_thoughts, messages):
        if told and told[-1]["role"] == message["role"]:
            told[-1] = told[-1] | {"content": f"{told[-1]['content']}\n\n{message['content']}"}
        elif message["content"].strip() and (told or message["role"] != "assistant"):
            told.append(message)
    return told


def drop_thoughts(message: dict[str, str]) -> dict[str, str]:
    """Leave the thoughts out of an answer."""
    if message["role"] != "assistant":
        return message
    return message | {"content": without_thoughts(message["content"])}
