"""What an answer tells of itself on request, and how moments and durations are written."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask
from sqlalchemy import Row

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


def list_facts(row: Row) -> dict[str, str]:
    """Tell how a reply came to be, as far as it is known."""
    told = {
        "Model": f"{last_part(row.model)} ({row.provider})",
        "First word": row.first_word_ms is not None and f"after {seconds(row.first_word_ms)}",
        "Whole answer": row.duration_ms is not None and f"in {seconds(row.duration_ms)}",
        "Tokens": tokens(row),
        "Speed": speed(row),
    }
    return {name: fact for name, fact in told.items() if fact}


def tokens(row: Row) -> str:
    """Tell how many tokens were read and written; where the provider didn't say, about how many were written."""
    if row.completion_tokens is None:
        return f"about {tokens_of(row.text):,.0f} written" if row.text else ""
    read = "" if row.prompt_tokens is None else f"{row.prompt_tokens:,} read, "
    return f"{read}{row.completion_tokens:,} written"


def speed(row: Row) -> str:
    """Tell how fast the tokens came, thoughts included, from the first one on."""
    if not row.completion_tokens or not row.duration_ms or row.first_word_ms is None:
        return ""
    spoken = row.duration_ms - row.first_word_ms + (row.reasoning_ms or 0)
    if spoken < row.duration_ms * ONE_PIECE:
        return ""
    return f"{row.completion_tokens * 1000 / spoken:,.0f} tokens a second"
