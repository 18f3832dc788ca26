"""Conversations and messages as Markdown, plain text or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any
from unicodedata import category
from urllib.parse import quote

from flask import Blueprint, Response, request

from chat import conversations
from chat.conversations import Conversation, Message, Reply
from chat.providers.model_list import last_part
from chat.routes import pages
from chat.routes.export_headings import escape_headings
from chat.routes.time_filters import moment
from chat.web import current_user, spool
from chat.web.state import state

FORMS = {"md": "text/markdown", "txt": "text/plain", "json": "application/json"}
"""The endings of addresses, and their types."""

NOT_IN_NAMES = '/\\:*?"<>|%'

bp = Blueprint("exports", __name__)


@bp.get(f"/conversations/<id:conversation_id>.<any({', '.join(FORMS)}):form>")
def conversation(conversation_id: int, form: str) -> Response:
    """Send the branch that a conversation shows, in another form."""
    with spool.hold_write_lock(), state.database.read():
        current = conversations.find(state.database, current_user.person_id(), conversation_id)
        path = conversations.read_transcript(state.database, current.leaf_id)
        response = spool.respond(write_parts(current, path, form), FORMS[form])
    name, plain = file_name(current.title, form), f"Conversation {current.id}.{form}"
    given = {"filename": name if name.isascii() else plain, "filename*": f"UTF-8''{quote(name, safe='')}"}
    response.headers.set("Content-Disposition", "inline", **given)
    return response


@bp.get("/messages/<id:message_id>.md")
def message(message_id: int) -> Response:
    """Send the text of one message; an answer's is Markdown."""
    with state.database.read():
        row = conversations.message_of(state.database, current_user.person_id(), message_id)
        return Response(f"{text_of(row)}\n", mimetype=FORMS["md"])


def negotiate_form() -> str | None:
    """Return the form that the Accept header asks for; None is a page."""
    if pages.wants_fragment():
        return None
    wanted = request.accept_mimetypes.best_match(["text/html", *FORMS.values()])
    return next((form for form, mimetype in FORMS.items() if mimetype == wanted), None)


def write_parts(current: Conversation, path: Iterable[Message], form: str) -> Iterator[str]:
    """Write a conversation in one of FORMS, a message at a time."""
    yield from as_json(current, path) if form == "json" else as_text(current, path, form)
    yield "\n"


def as_text(current: Conversation, path: Iterable[Message], form: str) -> Iterator[str]:
    """Write a title and a part for each message; in Markdown with headings."""
    yield (f"# {current.title}" if form == "md" else current.title).strip()
    for row in path:
        said = text_of(row)
        part = f"## {speaker(row)}\n\n{escape_headings(said)}" if form == "md" else f"{speaker(row)}\n\n{said}"
        yield f"\n\n{part.strip()}"


def as_json(current: Conversation, path: Iterable[Message]) -> Iterator[str]:
    """Write one JSON object, which ends with the messages."""
    times = {"created_at": iso_time(current.created_at), "updated_at": iso_time(current.updated_at)}
    before = "["
    yield to_json({"id": current.id, "title": current.title, **times}, 0).removesuffix("\n}") + ',\n  "messages": '
    for row in path:
        yield f"{before}\n    {to_json(message_values(row), 4)}"
        before = ","
    yield "[]\n}" if before == "[" else "\n  ]\n}"


def to_json(values: dict[str, Any], depth: int) -> str:
    """Write an object as JSON, indented by `depth`."""
    return json.dumps(values, ensure_ascii=False, indent=2).replace("\n", "\n" + " " * depth)


def file_name(title: str, form: str) -> str:
    """Make a file name of a title, without invisible characters and those with a meaning in file names."""
    seen = "".join(" " if sign in NOT_IN_NAMES or category(sign).startswith("C") else sign for sign in title)
    return f"{' '.join(seen.split())[:80].strip(' .') or 'Conversation'}.{form}"


def message_values(row: Message) -> dict[str, Any]:
    """Return a message as plain values; for a reply also who wrote it and how it ended."""
    said = {"id": row.id, "role": row.role, "text": text_of(row), "created_at": iso_time(row.created_at)}
    if not isinstance(row, Reply):
        return said
    about = {"provider": row.provider, "model": row.model, "state": row.state, "error": row.error}
    return said | about | {"ended_at": iso_time(row.ended_at)}


def speaker(row: Message) -> str:
    return last_part(row.model) if isinstance(row, Reply) else "You"


def text_of(row: Message) -> str:
    """Return the text of a message; of a running reply, the text so far."""
    is_written = isinstance(row, Reply) and row.state == "generating"
    return state.replies.so_far(row.id) if is_written else row.text


def iso_time(seconds: int | None) -> str | None:
    return None if seconds is None else moment(seconds)
