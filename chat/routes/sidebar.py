"""The list of conversations beside each page, and the title of the tab."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import request

from chat import conversations
from chat.conversations import Conversation
from chat.storage.database import NotFound
from chat.web.ids import ID
from chat.web.state import state
from chat.web.time_zones import reader_zone

LISTED, MOST_LISTED = 60, 10_000
"""How many conversations the list shows at first, and at most."""


def gather(person_id: int | None, conversation_id: int | None = None) -> dict[str, Any]:
    """Gather the list of conversations as far as the reader has opened it, and what `heading` does."""
    depth = list_depth()
    content = heading(person_id, conversation_id, depth + 1)
    listed = content["conversations"]
    older = depth + LISTED if len(listed) > depth < MOST_LISTED else 0
    days = conversations.group_by_day(listed[:depth], datetime.now(reader_zone()))
    return content | {"conversations": listed[:depth], "days": days, "older": older}


def gather_beside(person_id: int | None) -> dict[str, Any]:
    """Gather the list beside the conversation that htmx shows; another tab can have deleted that one."""
    try:
        return gather(person_id, open_id())
    except NotFound:
        return gather(person_id)


def open_id() -> int | None:
    """Return the id of the conversation that htmx shows."""
    shown = re.search(f"/conversations/({ID})(?![^?#])", request.headers.get("HX-Current-URL", ""))
    return int(shown[1]) if shown else None


def heading(person_id: int | None, conversation_id: int | None = None, most: int = LISTED) -> dict[str, Any]:
    """Gather a person's latest conversations, the open one, and the title of the tab. Raises NotFound."""
    listed = conversations.listing(state.database, person_id, most) if person_id else []
    current = next((each for each in listed if each.id == conversation_id), None)
    if conversation_id is not None and not current:  # it is older than the listed ones
        current = conversations.find(state.database, person_id, conversation_id)
    answering = any(each.answering for each in listed)
    return {"conversations": listed, "current": current, "answering": answering, "title": tab_title(listed, current)}


def list_depth() -> int:
    """Return how many conversations to list: a page of them, or as many pages as the reader has opened."""
    asked = request.args.get("listed", type=int) or request.headers.get("Listed", type=int) or 0
    return LISTED * -(-max(LISTED, min(asked, MOST_LISTED)) // LISTED)


def tab_title(listed: Sequence[Conversation], current: Conversation | None, in_sight: bool = True) -> str:
    """Return the title of a tab, with a sign if it is answering, or the number of unread answers.

    The open conversation's unread answer counts only if the page can be out of sight.
    """
    here = current.id if current else None
    answering = any(row.answering for row in listed if row.id == here)
    unread = sum(row.unread for row in listed if not (in_sight and row.id == here))
    sign = "… " if answering else f"({unread}) " if unread else ""
    return sign + (f"{current.title} · Rivulet" if current else "Rivulet")
