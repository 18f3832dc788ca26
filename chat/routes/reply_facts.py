"""What an answer tells of itself on request, and how moments and durations are written."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask

from chat.conversations import Reply
from chat.providers.model_list import last_part
from chat.replies.context_window import tokens_of

ONE_PIECE = 0.1
"""An answer that came in less than this share of its time came in one piece, whose speed says nothing."""


def register(app: Flask) -> None:
    """Let templates write moments and durations."""
    app.jinja_env.filters.update(moment=moment, day=day, seconds=seconds)


def moment(at: int) -> str:
    """Write a moment for machines; a script puts it into the reader's own words and time zone."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def day(at: int) -> str:
    """Write a moment for people."""
    return f"{datetime.fromtimestamp(at, UTC):%-d %b %Y, %H:%M} UTC"


def seconds(milliseconds: int) -> str:
    """Write a duration for people, as exactly as they care."""
    whole = round(milliseconds / 1000)
    if whole < 10:
        return f"{milliseconds / 1000:.1f} s"
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def list_facts(reply: Reply) -> dict[str, str]:
    """Tell how a reply came to be, as far as it is known."""
    told = {
        "Model": f"{last_part(reply.model)} ({reply.provider})",
        "First word": reply.first_word_ms is not None and f"after {seconds(reply.first_word_ms)}",
        "Whole answer": reply.duration_ms is not None and f"in {seconds(reply.duration_ms)}",
        "Tokens": tokens(reply),
        "Speed": speed(reply),
    }
    return {name: fact for name, fact in told.items() if fact}


def tokens(reply: Reply) -> str:
    """Tell how many tokens were read and written; where the provider didn't say, about how many were written."""
    if reply.completion_tokens is None:
        return f"about {tokens_of(reply.text):,.0f} written" if reply.text else ""
    read = "" if reply.prompt_tokens is None else f"{reply.prompt_tokens:,} read, "
    return f"{read}{reply.completion_tokens:,} written"


def speed(reply: Reply) -> str:
    """Tell how fast the tokens came, thoughts included, from the first one on."""
    if not reply.completion_tokens or not reply.duration_ms or reply.first_word_ms is None:
        return ""
    spoken = reply.duration_ms - reply.first_word_ms + (reply.reasoning_ms or 0)
    if spoken < reply.duration_ms * ONE_PIECE:
        return ""
    return f"{reply.completion_tokens * 1000 / spoken:,.0f} tokens a second"
