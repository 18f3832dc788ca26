"""The facts about an answer on its page, and the filters that write times and durations."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask

from chat.conversations import Reply
from chat.providers.model_list import last_part
from chat.replies.context_window import tokens_of

ONE_PIECE = 0.1
"""An answer that arrived in less than this share of its time came in one piece: its speed means nothing."""


def register(app: Flask) -> None:
    app.jinja_env.filters.update(moment=moment, day=day, seconds=seconds)


def moment(at: int) -> str:
    """Write a time for machines; a script puts it into the reader's language and time zone."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def day(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%-d %b %Y, %H:%M} UTC"


def seconds(milliseconds: int) -> str:
    whole = round(milliseconds / 1000)
    if whole < 10:
        return f"{milliseconds / 1000:.1f} s"
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def list_facts(reply: Reply) -> dict[str, str]:
    """Return the known facts about how a reply was made."""
    told = {
        "Model": f"{last_part(reply.model)} ({reply.provider})",
        "First word": reply.first_word_ms is not None and f"after {seconds(reply.first_word_ms)}",
        "Whole answer": reply.duration_ms is not None and f"in {seconds(reply.duration_ms)}",
        "Tokens": tokens(reply),
        "Speed": speed(reply),
    }
    return {name: fact for name, fact in told.items() if fact}


def tokens(reply: Reply) -> str:
    """Write the numbers of tokens read and written; if the provider sent none, an estimate."""
    if reply.completion_tokens is None:
        return f"about {tokens_of(reply.text):,.0f} written" if reply.text else ""
    read = "" if reply.prompt_tokens is None else f"{reply.prompt_tokens:,} read, "
    return f"{read}{reply.completion_tokens:,} written"


def speed(reply: Reply) -> str:
    """Write how fast the tokens came from the first one on, with thoughts."""
    if not reply.completion_tokens or not reply.duration_ms or reply.first_word_ms is None:
        return ""
    spoken = reply.duration_ms - reply.first_word_ms + (reply.reasoning_ms or 0)
    if spoken < reply.duration_ms * ONE_PIECE:
        return ""
    return f"{reply.completion_tokens * 1000 / spoken:,.0f} tokens a second"
