"""Replies: follow one while a model writes it, stop it, try again, continue."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from chat import conversations, rendering
from chat.routes import model_choice, pages, sidebar
from chat.routes.streaming import event_stream
from chat.storage.database import NotFound
from chat.web import current_user
from chat.web.state import state

bp = Blueprint("replies", __name__, url_prefix="/replies/<id:reply_id>")


@bp.get("/generation")
def follow(reply_id: int) -> Response:
    """Stream a reply: first all of it so far, then the rest, and in the end its finished article.

    With `once` in the address, send the reply so far, or the finished article: such a page polls.
    """
    reply = conversations.reply_of(state.database, current_user.person_id(), reply_id)
    return event_stream.as_events(reply, once="once" in request.args)


@bp.get("/reasoning")
def reasoning(reply_id: int) -> str:
    """Show the reasoning before a reply, or so far: a fragment for htmx, else a page of its own."""
    with state.database.read():
        reply = conversations.reply_of(state.database, current_user.person_id(), reply_id)
        current = conversations.find(state.database, current_user.person_id(), reply.conversation_id)
        stored = conversations.reasoning_of(state.database, current_user.person_id(), reply_id)
        now = state.replies.reasoning_so_far(reply_id) if reply.state == "generating" else ""
    if not (stored or now):
        raise NotFound
    thoughts = rendering.render("\n\n".join(filter(None, (stored, now))), f"t{reply_id}")
    if pages.wants_fragment():
        return thoughts
    return render_template("messages/reasoning.html", thoughts=thoughts, reply_id=reply_id, current=current)


@bp.post("/stop")
def stop(reply_id: int) -> Response:
    reply = conversations.reply_of(state.database, current_user.person_id(), reply_id)
    state.replies.stop(reply_id)
    return Response(status=204) if pages.wants_fragment() else pages.answer_change(reply.conversation_id)


@bp.post("/retry")
def retry(reply_id: int) -> Response:
    """Ask for another reply to the same message, by the form's model or the same one."""
    asker = current_user.rate_limit_subject()
    tried = conversations.reply_of(state.database, asker.person_id, reply_id)
    same = model_choice.option_of(tried)
    choice = model_choice.choose(request.form.get("model", "") or (same.value if same else ""))
    turn = conversations.try_again(state.database, asker, reply_id, choice)
    state.replies.start(turn)
    return pages.answer_change(turn.conversation_id)


@bp.post("/continue")
def continue_reply(reply_id: int) -> Response:
    asker = current_user.rate_limit_subject()
    begun = conversations.reply_of(state.database, asker.person_id, reply_id)
    model_choice.require_enabled(begun)
    turn = conversations.continue_reply(state.database, asker, reply_id)
    state.replies.start(turn)
    if not pages.wants_fragment():
        return pages.answer_change(turn.conversation_id)
    with pages.snapshot():
        reply = conversations.reply_of(state.database, turn.person_id, reply_id)
        content = {"message": pages.message_view(reply), **sidebar.gather(turn.person_id, turn.conversation_id)}
        content |= {"messages": [content["message"]], **pages.composer(reply)}
    return Response(render_template("messages/_continued.html", **content))
