"""What the pages show: gathered for the templates, which ask for nothing themselves."""

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
from chat.routes import model_choice, reply_facts
from chat.routes.model_choice import ModelOption
from chat.web import current_user, form_key, urls
from chat.web.state import state

EXAMPLES = (
    "Explain how a suspension bridge carries its load.",
    "Write a limerick about a river that is late.",
    "What should I ask before I buy a used bicycle?",
    "Show me a list comprehension in Python, and when not to use one.",
)

RENEWAL = 0.5
"""How long a page waits, in seconds, for answers that are made again."""

T = TypeVar("T")


@contextmanager
def moment() -> Iterator[None]:
    """Let all that is read meanwhile be of one moment: what is found first is still there for all that follows.

    The models are known by then, as no transaction waits for a provider to list them.
    """
    model_choice.options()
    with state.database.read():
        yield


def wants_fragment() -> bool:
    """Tell whether htmx asks for a part of the page; when it restores its history it wants the whole."""
    whole = request.htmx.history_restore_request or request.headers.get("HX-Request-Type") == "full"
    return bool(request.htmx) and not whole


def answer_change(conversation_id: int, message: Message | None = None) -> Response:
    """Show a conversation whose messages changed: htmx gets them, a plain form is redirected to the page.

    What is shown is the end of it, or what stands around a message.
    """
    if not wants_fragment():
        place = (
            f"?at={message.id}#{'reply' if isinstance(message, Reply) else 'message'}-{message.id}" if message else ""
        )
        return urls.lead_to(f"/conversations/{conversation_id}{place}")
    with moment():
        conversation = conversations.find(state.database, current_user.person_id(), conversation_id)
        window = paging.around(state.database, conversation, message.id) if message else None
        content = page_content(conversation, window) | {"switched": message is not None}
    return Response(render_template("conversations/_opened.html", **content))


def visit(conversation: Conversation | None = None) -> str:
    """Render a conversation, or the beginning of one: for htmx only what differs from the page that is there."""
    if not wants_fragment():
        return page(conversation)
    return render_template("conversations/_opened.html", **page_content(conversation), visited=True)


def page(conversation: Conversation | None = None, window: Window | None = None, **more: Any) -> str:
    """Render the whole page: the beginning of a conversation, or one of them at its end, or at another window."""
    return render_template("conversations/page.html", **page_content(conversation, window), **door(), **more)


def door() -> dict[str, Any]:
    """Gather what the foot of the list says: who is signed in, or whether anybody can."""
    member = current_user.member()
    return {"member": member, "may_sign_in": member is None and accounts.has_accounts(state.database)}


def page_content(conversation: Conversation | None = None, window: Window | None = None) -> dict[str, Any]:
    """Gather what a page shows: the list, a conversation at its end or at another window, and a composer."""
    with moment():
        window = window or paging.newest(state.database, conversation.leaf_id if conversation else None)
        return window_content(conversation.id if conversation else None, window)


def window_content(conversation_id: int | None, window: Window) -> dict[str, Any]:
    """Gather what a page shows at a window of a conversation, or at the beginning of one."""
    return {**sidebar(conversation_id), **body(window), "examples": () if conversation_id else EXAMPLES}


def sidebar(conversation_id: int | None = None) -> dict[str, Any]:
    """Gather the list of the visitor's conversations, and the one that is shown. Raises NotFound."""
    return list_of(current_user.person_id(), conversation_id)


def list_of(person_id: int | None, conversation_id: int | None) -> dict[str, Any]:
    """Gather the list of a person's conversations, the one that is shown, and the title that says how they stand."""
    listed = conversations.listing(state.database, person_id) if person_id else []
    current = next((each for each in listed if each.id == conversation_id), None)
    if conversation_id and not current:  # an old one: the list shows the newest
        current = conversations.find(state.database, person_id, conversation_id)
    answering = any(each.answering for each in listed)
    return {"conversations": listed, "current": current, "answering": answering, "title": tab_title(listed, current)}


def tab_title(listed: Sequence[Conversation], current: Conversation | None, in_sight: bool = True) -> str:
    """Name a page for its tab, with a sign of what goes on: it is answering, or so many answers were not read yet.

    The page's own answer counts only where the page may be out of sight.
    """
    here = current.id if current else None
    answering = any(row.answering for row in listed if row.id == here)
    unread = sum(row.unread for row in listed if not (in_sight and row.id == here))
    sign = "… " if answering else f"({unread}) " if unread else ""
    return sign + (f"{current.title} · Rivulet" if current else "Rivulet")


def body(window: Window) -> dict[str, Any]:
    """Gather the messages of a window, where there are others, and a composer that goes on from the leaf."""
    more = {"earlier": window.earlier, "later": window.later}
    return {"messages": message_views(window), **more, **composer(window.leaf)}


def composer(leaf: Message | None = None) -> dict[str, Any]:
    """Gather what the composer offers; the model that answered last is chosen."""
    offers = model_choice.options()
    chosen = next((offer.value for offer in own_option(leaf, offers)), "") if isinstance(leaf, Reply) else ""
    offered = {"offers": offers, "chosen": chosen, "notes": model_choice.problems()}
    return {"key": form_key.new_key(), "owner": form_key.owner(), "parent": leaf and leaf.id, **offered}


def message_view(message: Message) -> dict[str, Any]:
    """Prepare the last message of a conversation for its template."""
    return message_views(Window([message], message))[0]


def message_views(window: Window) -> list[dict[str, Any]]:
    """Prepare the messages of a window for their template."""
    versions = conversations.versions(state.database, window.rows)
    leaf_id = window.leaf.id if window.leaf else None
    return [
        vars(message) | content_of(message, message.id == leaf_id) | neighbours(message.id, versions[message.id])
        for message in window.rows
    ]


def content_of(message: Message, last: bool) -> dict[str, Any]:
    """Gather the HTML of a reply, who wrote it, what is known of that, and the models to try it again with."""
    if not isinstance(message, Reply):
        return {"last": last}
    offers = model_choice.options()
    own = own_option(message, offers)
    speaker = own[0].model.name if own else last_part(message.model)
    facts = {"speaker": speaker, "facts": reply_facts.list_facts(message)}
    return {"html": html_of(message), "last": last, "offers": offers if last else own, **facts}


def own_option(reply: Reply, offers: list[ModelOption]) -> list[ModelOption]:
    """Find the model of a reply among those on offer; a script fetches the others, which would weigh down the page."""
    return [offer for offer in offers if (offer.provider, offer.model.id) == (reply.provider, reply.model)]


def html_of(reply: Reply) -> str:
    """Give a reply's HTML; where an older renderer made it, the text as it is until it is made again."""
    if reply.state == "generating":
        said = state.replies.so_far(reply.id)
        return said and rendering.render_unfinished(said, f"m{reply.id}")
    if reply.html is not None and reply.html_version == rendering.VERSION:
        return rendering.mark_safe(reply.html)
    g.setdefault("outdated", []).append(reply.id)
    return rendering.render_plain(reply.text)


def render_renewed(make: Callable[[], T]) -> T:
    """Make a page, and again where answers on it were made again meanwhile; after RENEWAL it goes as it is."""
    page = make()
    renewing = [state.renewal.want(message_id) for message_id in g.pop("outdated", [])]
    if not renewing:
        return page
    deadline = time.monotonic() + RENEWAL
    for done in renewing:
        done.wait(max(0, deadline - time.monotonic()))
    return make()


def neighbours(message_id: int, versions: list[int]) -> dict[str, int]:
    """Tell which of its versions a message is, counted from 1, and which stand before and after it, in a circle."""
    place = versions.index(message_id)
    after = versions[(place + 1) % len(versions)]
    return {"place": place + 1, "versions": len(versions), "before": versions[place - 1], "after": after}
