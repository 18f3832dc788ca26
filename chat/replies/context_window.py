"""The context window: the part of a conversation that a model reads."""

from __future__ import annotations

from collections.abc import Iterable

from chat.conversations.ancestry import Ancestor
from chat.providers.answer import without_thoughts
from chat.providers.base import Messages

CHARACTERS_A_TOKEN, WIDE_BYTES_A_TOKEN = 3.5, 3
"""How many ASCII characters a token holds, and how many bytes of other text; a Chinese character is one token."""

MESSAGE_TOKENS = 5
"""The tokens of a message beyond its text: its role and the marks around it."""

GO_ON = "Your answer was cut off. Go on exactly where it stopped: repeat nothing of it, and add no preface."

RECALLED = 8000
"""How many characters of its own unfinished reply a model reads, and at most a quarter of its window."""

LARGEST = 1_000_000
"""The largest window that we fill, in tokens; also the default if a model's window is unknown."""

ANSWER_SHARE = 4
ANSWER_TOKENS = 2000
"""The room kept free for the answer: a quarter of the window, at most ANSWER_TOKENS."""


def fit(above: Iterable[Ancestor], rest: Messages, window: int | None) -> tuple[Messages, int]:
    """Read as many messages above a reply, the newest first, as fit a window in tokens beside `rest` and the answer.

    The result begins with a user's message. The newest message and `rest` always stay: if they alone are too long, the
    provider says so. Replies without text are left out. Return the messages, the oldest first, and how many of those
    that were read didn't fit.
    """
    window = LARGEST if window is None else min(window, LARGEST)
    room = window - min(window // ANSWER_SHARE, ANSWER_TOKENS) - sum(map(cost, rest))
    messages, left_out = [], 0
    for row in above:
        if row.text.strip():
            messages.append({"role": row.role, "content": row.text})
            room -= cost(messages[-1])
        if room < 0:
            break
    while len(messages) > 1 and (room < 0 or messages[-1]["role"] != "user"):
        room += cost(messages.pop())
        left_out += 1
    return messages[::-1] + rest, left_out


def continuation_messages(text: str, window: int | None) -> Messages:
    """Write the messages that ask for the rest of a reply that broke off after `text`; none if it hasn't begun."""
    if not text.strip():
        return []
    room = RECALLED if window is None else min(RECALLED, round(window / 4 * len(text) / tokens_of(text)))
    recalled = text[-max(1, room) :]
    return [{"role": "assistant", "content": recalled}, {"role": "user", "content": GO_ON}]


def cost(message: dict[str, str]) -> int:
    return int(tokens_of(message["content"])) + MESSAGE_TOKENS


def tokens_of(text: str) -> float:
    """Estimate how many tokens a text has."""
    letters = len(text) if text.isascii() else len(text.encode("ascii", "ignore"))
    wide = len(text.encode("utf-8", "replace")) - letters
    return letters / CHARACTERS_A_TOKEN + wide / WIDE_BYTES_A_TOKEN


def alternate_roles(messages: Messages) -> Messages:
    """Make the roles alternate, beginning with the user's, as some servers demand: join questions without an answer.

    Leave out tagged thoughts, which an older version stored as part of an answer.
    """
    told: Messages = []
    for message in messages:
        if message["role"] == "assistant":
            message = message | {"content": without_thoughts(message["content"])}
        if told and told[-1]["role"] == message["role"]:
            told[-1] = told[-1] | {"content": f"{told[-1]['content']}\n\n{message['content']}"}
        elif message["content"].strip() and (told or message["role"] != "assistant"):
            told.append(message)
    return told
