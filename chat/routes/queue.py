"""The message that waits for the end of an answer: look whether it was sent, send it now, take it back."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from chat import conversations
from chat.conversations import paging
from chat.routes import messages, pages
from chat.web import current_user, urls
from chat.web.state import state

bp = Blueprint("queue", __name__, url_prefix="/conversations/<id:conversation_id>/queued")


@bp.get("")
@pages.snapshot()
def show(conversation_id: int) -> str | Response:
    """Show what waits; if it was sent below the reply `after`, the new messages, else the end of the conversation."""
    current = conversations.find(state.database, current_user.person_id(), conversation_id)
    queued = conversations.find_queued(state.database, conversation_id)
    if not pages.wants_fragment():
        return urls.lead_to(f"/conversations/{conversation_id}")
    if queued:
        return render_template("messages/_queue.html", current=current, queued=queued)
    window = paging.newest(state.database, current.leaf_id, size=2)
    if window.rows and window.rows[0].parent_id == request.args.get("after", type=int):
        return messages.render_added(conversation_id, window)
    return pages.visit(conversation_id)


@bp.post("/sending")
def send(conversation_id: int) -> Response:
    """Send it now; if an answer is running again, it waits for that one."""
    turn = conversations.send_now(state.database, current_user.rate_limit_subject(), conversation_id)
    state.replies.start(turn)
    return messages.answer(turn, opening=True)


@bp.post("/return")
def take_back(conversation_id: int) -> Response:
    """Delete it; a page without JavaScript gets its text back in the composer."""
    text = conversations.take_back(state.database, current_user.person_id(), conversation_id)
    if pages.wants_fragment():
        return Response(render_template("messages/_queue.html"))
    with pages.snapshot():
        return Response(pages.page(conversation_id, draft=text))
