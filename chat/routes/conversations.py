"""Conversations: start, open, list, rename, mark as read, delete."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from htmx_flask import make_response

from chat import conversations
from chat.conversations import paging
from chat.routes import exports, pages, sidebar
from chat.web import current_user, ids, urls
from chat.web.state import state

WINDOWS = {"before": paging.before, "after": paging.after, "at": paging.around}
"""The parameters that ask for a window: the messages before, after or around a message."""

bp = Blueprint("conversations", __name__)


@bp.get("/")
@pages.snapshot()
def new() -> str:
    return pages.visit()


@bp.get("/conversations")
@pages.snapshot()
def index() -> str:
    """Show the list alone to htmx, which asks while an answer is being written elsewhere; to others the first page."""
    if not pages.wants_fragment():
        return pages.page()
    content = sidebar.gather(current_user.person_id())
    open_id = request.args.get("current", type=int)
    current = next((row for row in content["conversations"] if row.id == open_id), None)
    title = sidebar.tab_title(content["conversations"], current, in_sight=False)
    return render_template("conversations/_listed.html", **content | {"current": current, "title": title})


@bp.get("/conversations/<id:conversation_id>")
def show(conversation_id: int) -> str | Response:
    """Show a conversation as a page, or in the form that the request accepts."""
    toward, message_id = parse_window()
    if form := exports.negotiate_form():
        return exports.conversation(conversation_id, form)
    return pages.render_renewed(lambda: render_window(conversation_id, toward, message_id))


@pages.snapshot()
def render_window(conversation_id: int, toward: str | None, message_id: int) -> str | Response:
    """Show a conversation at its end or at a window; htmx gets only that window."""
    if toward is None:
        return pages.visit(conversation_id)
    conversation = conversations.find(state.database, current_user.person_id(), conversation_id)
    window = WINDOWS[toward](state.database, conversation, message_id)
    if not pages.wants_fragment():
        return pages.page(conversation_id, window)
    return render_template("messages/_window.html", current=conversation, toward=toward, **pages.body(window))


def parse_window() -> tuple[str | None, int]:
    """Read which window the request asks for. Raises NotFound for a malformed id."""
    for toward in WINDOWS:
        text = request.args.get(toward)
        if text is not None:
            return toward, ids.read_id(text)
    return None, 0


@bp.get("/conversations/<id:conversation_id>/menu")
@pages.snapshot()
def show_menu(conversation_id: int) -> str:
    """Show what can be done with a conversation: a fragment for htmx, else a page of its own."""
    conversation = conversations.find(state.database, current_user.person_id(), conversation_id)
    name = "_menu" if pages.wants_fragment() else "menu"
    is_open = sidebar.open_id() == conversation_id
    return render_template(f"conversations/{name}.html", conversation=conversation, is_open=is_open)


@bp.post("/conversations/<id:conversation_id>/title")
def rename(conversation_id: int) -> Response:
    conversations.rename(state.database, current_user.person_id(), conversation_id, request.form.get("title", ""))
    return answer_from_menu(conversation_id, "Renamed.")


@bp.post("/conversations/<id:conversation_id>/reading")
def mark_read(conversation_id: int) -> Response:
    """Mark the latest answer as read; the open page posts this when the answer comes into sight."""
    conversations.mark_read(state.database, current_user.person_id(), conversation_id)
    if not pages.wants_fragment():
        return urls.lead_to(f"/conversations/{conversation_id}")
    with pages.snapshot():
        content = sidebar.gather(current_user.person_id(), conversation_id)
    return Response(render_template("conversations/_listed.html", **content))


@bp.post("/conversations/<id:conversation_id>/deletion")
def delete(conversation_id: int) -> Response:
    """Delete a conversation, and cancel its running answers, upstream too."""
    running = conversations.delete(state.database, current_user.person_id(), conversation_id)
    state.replies.cancel(running)
    if pages.wants_fragment() and sidebar.open_id() == conversation_id:
        return make_response(pages.visit(notice="Deleted."), replace_url=urls.of("/"))
    return answer_from_menu(None, "Deleted.")


def answer_from_menu(conversation_id: int | None, sentence: str) -> Response:
    """Show htmx the list that changed; lead a plain form to a conversation, or to the first page."""
    if not pages.wants_fragment():
        return urls.lead_to(f"/conversations/{conversation_id}" if conversation_id else "/")
    with pages.snapshot():
        content = sidebar.gather_beside(current_user.person_id())
    return make_response(render_template("conversations/_changed.html", **content, sentence=sentence))
