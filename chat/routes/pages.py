"""What the pages show: gathered for the templates, which ask for nothing themselves."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from flask import g, render_template
from htmx_flask import request
from sqlalchemy import Row
from werkzeug.wrappers import Response

from chat import conversations, rendering
from chat.conversations import Window, paging
from chat.people import accounts
from chat.providers.model_list import last_part
from chat.routes import model_choice, reply_facts
from chat.routes.model_choice import ModelOption
from chat.web import current_user, form_key, state, urls

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
    with state.database().read():
        yield


def wants_fragment() -> bool:
    """Tell whether htmx asks for a part of the page; when it restores its history it wants the whole."""
    whole = request.htmx.history_restore_request or request.headers.get("HX-Request-Type") == "full"
    return bool(request.htmx) and not whole


def answer_change(conversation_id: int, message: Row | None = None) -> Response:
    """Answer what changed which messages a conversation shows: htmx gets them anew, anyone else is led there.

    What is shown is the end of it, or what stands around a message.
    """
    if not wants_fragment():
        place = f"?at={message.id}#{'reply' if message.state else 'message'}-{message.id}" if message else ""
        return urls.lead_to(f"/conversations/{conversation_id}{place}")
    with moment():
        conversation = conversations.find(state.database(), current_user.person_id(), conversation_id)
        window = paging.around(state.database(), conversation, message.id) if message else None
        content = page_content(conversation, window) | {"switched": message is not None}
    return Response(render_template("conversations/_opened.html", **content))


def visit(conversation: Row | None = None) -> str:
    """Render a conversation, or the beginning of one: for htmx only what differs from the page that is there."""
    if not wants_fragment():
        return page(conversation)
    return render_template("conversations/_opened.html", **page_content(conversation), visited=True)


def page(conversation: Row | None = None, window: Window | None = None, **more: Any) -> str:
    """Render the whole page: the beginning of a conversation, or one of them at its end, or at another window."""
    return render_template("conversations/page.html", **page_content(conversation, window), **door(), **more)


def door() -> dict[str, Any]:
    """Gather what the foot of the list says: who is signed in, or whether anybody can."""
    member = current_user.person() if current_user.is_member() else None
    return {"member": member, "may_sign_in": member is None and accounts.has_accounts(state.database())}


def page_content(conversation: Row | None = None, window: Window | None = None) -> dict[str, Any]:
    """Gather what a page shows: the list, a conversation at its end or at another window, and a composer."""
    with moment():
        window = window or paging.newest(state.database(), conversation.leaf_id if conversation else None)
        return {**sidebar(conversation), **body(window), "examples": () if conversation else EXAMPLES}


def sidebar(current: Row | None = None) -> dict[str, Any]:
    """Gather the list of the visitor's conversations."""
    return list_of(current_user.person_id(), current)


def list_of(person_id: int | None, current: Row | None) -> dict[str, Any]:
    """Gather the list of a person's conversations, and the title that says how they stand."""
    listed = conversations.listing(state.database(), person_id) if person_id else []
    answering = any(row.answering for row in listed)
    return {"conversations": listed, "current": current, "answering": answering, "title": tab_title(listed, current)}


def tab_title(listed: Sequence[Row], current: Row | None, in_sight: bool = True) -> str:
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


def composer(leaf: Row | None = None) -> dict[str, Any]:
    """Gather what the composer offers; the model that answered last is chosen."""
    offers = model_choice.options()
    chosen = next((offer.value for offer in own_option(leaf, offers)), "") if leaf else ""
    offered = {"offers": offers, "chosen": chosen, "notes": model_choice.problems()}
    return {"key": form_key.new_key(), "owner": form_key.owner(), "parent": leaf and leaf.id, **offered}


def message_view(row: Row) -> dict[str, Any]:
    """Prepare the last message of a conversation for its template."""
    return message_views(Window([row], row))[0]


def message_views(window: Window) -> list[dict[str, Any]]:
    """Prepare the messages of a window for their template."""
    versions = conversations.versions(state.database(), window.rows)
    offers = model_choice.options() if window.rows else []
    leaf_id = window.leaf.id if window.leaf else None
    return [
        {
            **row._mapping,
            "html": html_of(row),
            "last": row.id == leaf_id,
            **(of_reply(row, offers, row.id == leaf_id) if row.state else {}),
            **neighbours(row.id, versions[row.id]),
        }
        for row in window.rows
    ]


def of_reply(row: Row, offers: list[ModelOption], last: bool) -> dict[str, Any]:
    """Gather who wrote a reply, what is known of that, and the models it can be tried again with."""
    own = own_option(row, offers)
    speaker = own[0].model.name if own else last_part(row.model)
    return {"speaker": speaker, "facts": reply_facts.list_facts(row), "offers": offers if last else own}


def own_option(row: Row, offers: list[ModelOption]) -> list[ModelOption]:
    """Find the model of a reply among those on offer; a script fetches the others, which would weigh down the page."""
    return [offer for offer in offers if (offer.provider, offer.model.id) == (row.provider, row.model)]


def html_of(row: Row) -> str | None:
    """Give a reply's HTML; where an older renderer made it, the text as it is until it is made again."""
    if row.state == "generating":
        return rendering.render_unfinished(state.replies().so_far(row.id), f"m{row.id}")
    if not row.state:
        return None
    if row.html is not None and row.html_version == rendering.VERSION:
        return rendering.mark_safe(row.html)
    g.setdefault("outdated", []).append(row.id)
    return rendering.render_plain(row.text)


def render_renewed(make: Callable[[], T]) -> T:
    """Make a page, and again where answers on it were made again meanwhile; after RENEWAL it goes as it is."""
    page = make()
    renewing = [state.renewal().want(message_id) for message_id in g.pop("outdated", [])]
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
