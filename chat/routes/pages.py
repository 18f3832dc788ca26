"""Pages and their parts: gather what the templates show."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from flask import Response, g, render_template
from htmx_flask import request

from chat import conversations, rendering
from chat.conversations import Conversation, Message, Reply, Window, paging
from chat.people import accounts
from chat.providers.model_list import last_part
from chat.routes import model_choice, reply_facts, sidebar
from chat.web import current_user, form_key, urls
from chat.web.state import state

DEMO_EXAMPLES = (
    "What is the capital of Japan?",
    "Give me three tips for better sleep.",
    "What is photosynthesis, in one sentence?",
    "Why is exercise good for you?",
)
"""Questions that the demo model answered acceptably in each of four tries, of some thirty that we asked it."""

EXAMPLES = (
    "How does a suspension bridge work?",
    "Write a limerick about a late river",
    "What should I check on a used bike?",
    "Explain list comprehensions in Python",
)

RENEWAL = 0.5
"""How long a page waits, in seconds, for answers that are being rendered again."""

T = TypeVar("T")


@contextmanager
def snapshot() -> Iterator[None]:
    """Read everything in one transaction, so that a page's parts agree.

    List the models first: no transaction waits for a provider.
    """
    model_choice.options()
    with state.database.read():
        yield


def wants_fragment() -> bool:
    """Return whether htmx asks for a part of the page; to restore its history it asks for the whole."""
    whole = request.htmx.history_restore_request or request.headers.get("HX-Request-Type") == "full"
    return bool(request.htmx) and not whole


def answer_change(conversation_id: int, message: Message | None = None) -> Response:
    """Show the end of a changed conversation, or a message of it: htmx gets a fragment, a plain form a redirect."""
    if not wants_fragment():
        kind = "reply" if isinstance(message, Reply) else "message"
        place = f"?at={message.id}#{kind}-{message.id}" if message else ""
        return urls.lead_to(f"/conversations/{conversation_id}{place}")
    with snapshot():
        window = None
        if message:
            conversation = conversations.find(state.database, current_user.person_id(), conversation_id)
            window = paging.around(state.database, conversation, message.id)
        content = page_content(conversation_id, window)
    return Response(render_template("conversations/_opened.html", **content, switched=message and message.id))


def visit(conversation_id: int | None = None, notice: str = "") -> str:
    """Render a conversation, or the start of a new one; for htmx only what differs, and a notice to read aloud."""
    if not wants_fragment():
        return page(conversation_id)
    return render_template("conversations/_opened.html", **page_content(conversation_id), visited=True, notice=notice)


def page(conversation_id: int | None = None, window: Window | None = None, **more: Any) -> str:
    """Render the whole page at the end of a conversation, at another window, or at the start of a new one."""
    member = current_user.member()
    may_sign_in = member is None and accounts.has_accounts(state.database)
    visitor = {"member": member, "may_sign_in": may_sign_in, "accountless": member is None and not may_sign_in}
    content = page_content(conversation_id, window) | visitor
    return render_template("conversations/page.html", **content, at_newest=opens_at_newest(), **more)


def opens_at_newest() -> bool:
    """Return whether a page begins at the newest message without JavaScript: not at a window, nor to refresh itself."""
    return not (request.args or (request.referrer or "").endswith(request.path))


def page_content(conversation_id: int | None, window: Window | None = None) -> dict[str, Any]:
    """Gather the list, the messages of a window, by default the last ones, and a composer. Raises NotFound."""
    listed = sidebar.gather(current_user.person_id(), conversation_id)
    if conversation_id is None:
        return {**listed, **body(Window()), **beginning(listed["conversations"])}
    if window is None:
        window = paging.newest(state.database, listed["current"].leaf_id)
    return {**listed, **body(window), "examples": ()}


def beginning(listed: Sequence[Conversation]) -> dict[str, Any]:
    """Gather what a new conversation begins with: a model, examples, and whether a provider was just connected."""
    examples = DEMO_EXAMPLES if model_choice.has_only_demo() else EXAMPLES
    name = request.args.get("connected", "") if current_user.is_operator() else ""
    if first := model_choice.first_of(name):
        return {"chosen": first.value, "examples": examples, "connected": model_choice.connection_notice(name)}
    return {"chosen": last_choice(listed), "examples": examples}


def last_choice(listed: Sequence[Conversation]) -> str:
    """Return the choice of the model that wrote the latest answer."""
    return choice_of(conversations.read_message(state.database, listed[0].leaf_id)) if listed else ""


def choice_of(leaf: Message | None) -> str:
    """Return the choice of the model that wrote a reply, "" if it isn't offered any more."""
    own = model_choice.option_of(leaf) if isinstance(leaf, Reply) else None
    return own.value if own else ""


def body(window: Window) -> dict[str, Any]:
    """Gather the messages of a window, where others are, and a composer that continues from the leaf."""
    more = {"earlier": window.earlier, "later": window.later}
    return {"messages": message_views(window), **more, **composer(window.leaf)}


def composer(leaf: Message | None = None) -> dict[str, Any]:
    """Gather what the composer offers; the leaf's model is chosen."""
    operates = current_user.is_operator()
    offered = {"offers": model_choice.options(), "chosen": choice_of(leaf), "operates": operates}
    problems = {"notes": model_choice.problems() if operates else {}, "only_demo": model_choice.has_only_demo()}
    queued = conversations.find_queued(state.database, leaf.conversation_id) if leaf else None
    running = leaf.id if isinstance(leaf, Reply) and leaf.state == "generating" else None
    answering = {"queued": queued, "running": running}
    form = {"key": form_key.new_key(), "owner": form_key.owner(), "parent": leaf and leaf.id}
    return {**form, **answering, **offered, **problems}


def message_view(message: Message) -> dict[str, Any]:
    """Prepare the last message of a conversation for its template."""
    return message_views(Window([message], message))[0]


def message_views(window: Window) -> list[dict[str, Any]]:
    versions = conversations.versions(state.database, window.rows)
    return [view_of(message, versions[message.id], message == window.leaf) for message in window.rows]


def view_of(message: Message, versions: list[int], is_last: bool) -> dict[str, Any]:
    """Add a message's place among its versions, in a circle, and its HTML; to a reply also its facts and models."""
    place = versions.index(message.id)
    after = versions[(place + 1) % len(versions)]
    around = {"place": place + 1, "versions": len(versions), "before": versions[place - 1], "after": after}
    view = vars(message) | around | {"last": is_last}
    if not isinstance(message, Reply):
        return view | question_view(message.text)
    own = model_choice.option_of(message)
    offers = model_choice.options()
    models = {"choosable": len(offers) > 1, "offers": offers if is_last else []}  # a script copies them to the others
    speaker = own.model.name if own else last_part(message.model)
    said, thoughts = state.replies.both_so_far(message.id) if message.state == "generating" else ("", "")
    shown = {"html": html_of(message, said), "thoughts": thoughts, "error": reply_facts.error_of(message)}
    return view | models | shown | {"speaker": speaker, "facts": reply_facts.list_facts(message)}


def question_view(text: str) -> dict[str, Any]:
    """Prepare a person's text; a long one has a beginning, which the page shows until it is unfolded."""
    beginning = rendering.beginning_of(text)
    lines = text.strip("\n").count("\n") + 1
    shown = {"html": rendering.render_question(text), "lines": lines}
    return shown | {"beginning": beginning and rendering.render_question(beginning)}


def html_of(reply: Reply, said: str) -> str:
    """Return a reply's HTML, of an unfinished one that of what is `said`.

    If an older version rendered it, return its plain text until it is rendered again.
    """
    if reply.state == "generating":
        return said and rendering.render_unfinished(said, f"m{reply.id}")
    if reply.html is not None and reply.html_version == rendering.VERSION:
        return rendering.mark_safe(reply.html)
    g.setdefault("outdated", []).append(reply.id)
    return rendering.render_plain(reply.text)


def render_renewed(make: Callable[[], T]) -> T:
    """Make a page; if it has outdated answers, wait up to RENEWAL for new HTML, and make it again."""
    page = make()
    renewing = [state.renewal.want(message_id) for message_id in g.pop("outdated", [])]
    if not renewing:
        return page
    deadline = time.monotonic() + RENEWAL
    for done in renewing:
        done.wait(max(0, deadline - time.monotonic()))
    return make()
