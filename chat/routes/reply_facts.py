"""The facts about an answer that its page shows on request."""

from __future__ import annotations

from chat.conversations import Reply
from chat.providers.errors import for_admin
from chat.providers.model_list import last_part
from chat.replies.context_window import tokens_of
from chat.routes.time_filters import seconds
from chat.web.state import state

ONE_PIECE = 0.1
"""An answer that arrived in less than this share of its time came in one piece: its speed means nothing."""


def list_facts(reply: Reply) -> dict[str, str]:
    told = {
        "Model": f"{last_part(reply.model)} ({reply.provider})",
        "Time to first word": reply.first_word_ms is not None and seconds(reply.first_word_ms),
        "Total time": reply.duration_ms is not None and seconds(reply.duration_ms),
        "Tokens": tokens(reply),
        "Speed": speed(reply),
    }
    return {name: fact for name, fact in told.items() if fact}


def tokens(reply: Reply) -> str:
    """Write the numbers of tokens read and written; if the provider sent none, an estimate."""
    if reply.completion_tokens is None:
        return f"about {tokens_of(reply.text):,.0f} out" if reply.text else ""
    read = "" if reply.prompt_tokens is None else f"{reply.prompt_tokens:,} in, "
    return f"{read}{reply.completion_tokens:,} out"


def speed(reply: Reply) -> str:
    """Write how fast the tokens came from the first one on, with thoughts."""
    if not reply.completion_tokens or not reply.duration_ms or reply.first_word_ms is None:
        return ""
    spoken = reply.duration_ms - reply.first_word_ms + (reply.reasoning_ms or 0)
    if spoken < reply.duration_ms * ONE_PIECE:
        return ""
    return f"{reply.completion_tokens * 1000 / spoken:,.0f} tokens/s"


def error_of(reply: Reply) -> str | None:
    """Return why a reply isn't whole; a person on their own machine is the admin."""
    return for_admin(reply.error) if reply.error and state.settings.access == "local" else reply.error
