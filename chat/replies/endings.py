"""How a reply's end is made: its text with the rendering that is kept beside it."""

from __future__ import annotations

from collections.abc import Mapping

from chat import rendering
from chat.replies.log import Ending


def ending_of(reply_id: int, state: str, text: str, facts: Mapping[str, str | int | None]) -> Ending:
    """Make the end of a reply; it renders, so not within a transaction."""
    return Ending(state, text, rendering.render(text, f"m{reply_id}"), rendering.VERSION, facts)
