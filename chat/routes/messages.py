"""Messages: store what a person sends, and answer in the form that the request accepts."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from htmx_flask import make_response

from chat import conversations
from chat.conversations import Draft, Turn, Window, WrongParent, paging
from chat.routes import model_choice, pages, sidebar
from chat.routes.streaming import html_page, plain_text
from chat.web import current_user, form_key, ids, urls
from chat.web.form_parser import URLENCODED, posted_text, unescape
from chat.web.state import state

bp = Blueprint("messages", __name__)


LONGEST_QUEUE = 200_000
"""How many characters can wait for an answer where PROMPT_LIMIT sets no limit."""


class BadMessage(Exception):
    """The form holds no valid message; the text says what to change."""


class TooLong(BadMessage):
    """The message is longer than PROMPT_LIMIT."""


@bp.post("/conversations")
@bp.post("/conversations/<id:conversation_id>/messages")
def create(conversation_id: int | None = None) -> Response:
    draft, guest = read_draft()
    turn = conversations.ask(state.database, current_user.rate_limit_subject(guest), conversation_id, draft)
    current_user.remember(turn.person_id)
    state.replies.start(turn)
    return answer(turn, opening=conversation_id is None or "away" in request.form)


@bp.post("/messages/<id:message_id>/edit")
def edit(message_id: int) -> Response:
    """Store another version of a message beside it, and let a model answer that."""
    asker = current_user.rate_limit_subject()
    conversations.message_of(state.database, asker.person_id, message_id)
    draft, _ = read_draft()
    turn = conversations.edit(state.database, asker, message_id, draft)
    state.replies.start(turn)
    return pages.answer_change(turn.conversation_id)


@bp.post("/messages/<id:message_id>/shown")
def show(message_id: int) -> Response:
    """Show a message's branch, now and in later visits."""
    message = conversations.show(state.database, current_user.person_id(), message_id)
    return pages.answer_change(message.conversation_id, message)


@bp.get("/conversations/<id:conversation_id>/messages")
def index(conversation_id: int) -> Response:
    """Redirect to the conversation: without JavaScript, a reload after a send asks for this address."""
    conversations.find(state.database, current_user.person_id(), conversation_id)
    return urls.lead_to(f"/conversations/{conversation_id}")


def read_draft() -> tuple[Draft, str]:
    """Read the form's draft, and the guest that it names. Raises BadMessage, WrongParent, UnknownModel and NoModel."""
    text, parent = read_text(), request.form.get("parent", "")
    parent_id = ids.read_number(parent)
    if parent and parent_id is None:
        raise WrongParent("This chat has changed since you opened the page. Reload and send again.")
    choice = model_choice.choose(request.form.get("model", ""))
    key = form_key.read_key(request.form.get("key", ""))
    return Draft(text, choice, key.turn, parent_id, queue_room()), key.guest


def queue_room() -> int:
    """Return how many characters can wait for an answer: none without JavaScript, because no page would tell."""
    return (state.settings.prompt_limit or LONGEST_QUEUE) if pages.wants_fragment() else 0


def read_text() -> str:
    """Read the form's text. Raises BadMessage."""
    require_utf8()
    text = posted_text().replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise BadMessage("Write a message first.")
    if "\0" in text:
        raise BadMessage("The message contains an invalid character (NUL). Remove it and send again.")
    most = state.settings.prompt_limit
    if most and len(text) > most:
        raise TooLong(f"The message is too long: {len(text):,} characters (limit {most:,}). Shorten it or split it up.")
    return text


def require_utf8() -> None:
    """Raise BadMessage for bytes that aren't UTF-8: Flask would replace them."""
    sent = request.get_data(cache=True)
    if request.mimetype == URLENCODED:
        sent = unescape(sent)
    try:
        sent.decode()
    except UnicodeDecodeError as error:
        raise BadMessage("The message isn't valid text (UTF-8).") from error


def answer(turn: Turn, opening: bool) -> Response:
    """Answer a send, or show that it waits; redirect the repetition of an earlier one to its conversation."""
    place = f"/conversations/{turn.conversation_id}"
    if turn.queued and pages.wants_fragment():
        return waiting(turn)
    if pages.wants_fragment():
        return fragments(turn, opening) if turn.owner else make_response("", redirect=urls.of(place))
    if turn.owner is None:
        return urls.lead_to(place)
    if request.accept_mimetypes.best_match(["text/html", "text/plain"]) == "text/plain":
        return plain_text.as_text(turn)
    return html_page.as_page(turn)


def waiting(turn: Turn) -> Response:
    """Show htmx the message that waits, with all that waited before it."""
    with pages.snapshot():
        current = conversations.find(state.database, turn.person_id, turn.conversation_id)
        queued = conversations.find_queued(state.database, turn.conversation_id)
    return make_response(render_template("messages/_queue.html", current=current, queued=queued))


def fragments(turn: Turn, opening: bool) -> Response:
    """Send htmx the new messages; all of a new conversation, or of one that was read further up."""
    with pages.snapshot():
        if opening:
            content = pages.page_content(turn.conversation_id, paging.newest(state.database, turn.reply_id))
            html = render_template("conversations/_opened.html", **content)
            return make_response(html, push_url=urls.of(f"/conversations/{turn.conversation_id}"))
        window = paging.newest(state.database, turn.reply_id, size=2)
        return make_response(render_added(turn.conversation_id, window))


def render_added(conversation_id: int, window: Window) -> str:
    """Render a turn that is added to the end of an open conversation, with a new composer."""
    content = {**sidebar.gather(current_user.person_id(), conversation_id), **pages.body(window)}
    return render_template("messages/_sent.html", **content)
