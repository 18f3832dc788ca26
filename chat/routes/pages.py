"""What the pages show: gathered for the templates, which ask for nothing themselves."""

from __future__ import annotations

from typing import Any

from flask import current_app, render_template
from htmx_flask import request
from sqlalchemy import Row

from chat import conversations, rendering
from chat.database import Database
from chat.replies import Replies
from chat.routes import choices, visitor

EXAMPLES = (
    "Explain how a suspension bridge carries its load.",
    "Write a limerick about a river that is late.",
    "What should I ask before I buy a used bicycle?",
    "Show me a list comprehension in Python, and when not to use one.",
)


def database() -> Database:
    """Give the app's database."""
    return current_app.extensions["database"]


def replies() -> Replies:
    """Give the replies of this process."""
    return current_app.extensions["replies"]


def wants_fragment() -> bool:
    """Tell whether htmx asks for a part of the page; when it restores its history it wants the whole."""
    whole = request.htmx.history_restore_request or request.headers.get("HX-Request-Type") == "full"
    return bool(request.htmx) and not whole


def page(conversation: Row | None = None, **more: Any) -> str:
    """Render the whole page: a conversation, or the beginning of one."""
    return render_template("conversations/page.html", **sidebar(conversation), **body(conversation), **more)


def sidebar(current: Row | None = None) -> dict[str, Any]:
    """Gather the list of the visitor's conversations."""
    return list_of(visitor.person_id(), current)


def list_of(person_id: int | None, current: Row | None) -> dict[str, Any]:
    """Gather the list of a person's conversations."""
    listed = conversations.listing(database(), person_id) if person_id else []
    return {"conversations": listed, "current": current, "answering": any(row.answering for row in listed)}


def body(conversation: Row | None = None) -> dict[str, Any]:
    """Gather a conversation's messages and its composer."""
    path = conversations.path(database(), conversation.leaf_id) if conversation else []
    examples = () if conversation else EXAMPLES
    return {"messages": [shown(row) for row in path], "examples": examples, **composer(path)}


def composer(path: list[Row]) -> dict[str, Any]:
    """Gather what the composer offers; the model that answered last is chosen."""
    last = next((f"{row.provider}/{row.model}" for row in reversed(path) if row.state), None)
    return {"key": visitor.new_form_key(), "offers": choices.offers(), "chosen": last, "notes": choices.problems()}


def shown(row: Row) -> dict[str, Any]:
    """Prepare one message for its template: a reply's HTML, made anew where an older renderer made it."""
    message = dict(row._mapping)
    if row.state == "generating":
        message["html"] = rendering.whole(replies().so_far(row.id), f"m{row.id}")
    elif row.state:
        kept = row.html is not None and row.html_version == rendering.VERSION
        message["html"] = rendering.kept(row.html) if kept else rendering.whole(row.text, f"m{row.id}")
    return message
