"""An answer in a growing page, for a browser without JavaScript."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from flask import Response
from markupsafe import Markup, escape

from chat import rendering
from chat.conversations import Turn, paging
from chat.routes import pages
from chat.routes.streaming import responses
from chat.routes.streaming.reasoning_fold import fold
from chat.routes.streaming.responses import Subscription
from chat.web.state import state

ANSWER_HERE = Markup("<!-- the answer -->")
"""Where to cut a template in two."""

BODY = Markup('<div class="reply__body"><div class="raw">')

RELOAD = Markup('<meta http-equiv="refresh" content="1; url={}">')
"""Leads a page to its conversation when this process goes away or the page breaks."""


def as_page(turn: Turn) -> Response:
    """Stream a whole page. Raises NotFound."""
    with pages.snapshot():
        window = paging.newest(state.database, turn.reply_id)
        page = pages.page(turn.conversation_id, window, streamed=turn.reply_id, answer_here=ANSWER_HERE)
    subscription = responses.subscribe(turn.conversation_id, turn.reply_id, responses.SPAN)
    return responses.send(
        subscription, page_of(page.split(ANSWER_HERE), subscription), "text/html", RELOAD.format(subscription.address)
    )


def thinking(subscription: Subscription) -> Generator[str, None, str | None]:
    """Yield the reasoning until the answer begins, then its closed fold; return the first word, None at the end."""
    follower, tail = subscription.follower, ""
    text: str | None = ""
    follower.listens = True
    while text == "":
        text, thought = follower.next(responses.HEARTBEAT), follower.next_thought()
        if thought and not tail:
            head, tail = subscription.render("messages/_thinking.html", thoughts=ANSWER_HERE).split(ANSWER_HERE)
            yield head
        yield str(escape(thought)) or "<!-- -->"
    if tail:
        yield tail + fold(subscription)
    follower.listens = False
    return text


def page_of(parts: list[str], subscription: Subscription) -> Iterator[str]:
    """Yield the first of two parts of a page, the growing answer, its finished form, and the second part.

    An open block is plain text; the style hides it as soon as its rendered block follows.
    """
    yield parts.pop(0)
    text = yield from thinking(subscription)
    yield BODY
    # Blocks after one that is too long to keep stay plain text.
    blocks = rendering.Blocks(f"m{subscription.reply_id}")
    while text is not None:
        closed = "" if blocks.is_long else blocks.feed(text)
        if closed:
            yield Markup('</div><div class="block">{}</div><div class="raw">{}').format(closed, blocks.open)
        else:
            yield str(escape(text)) or "<!-- -->"
        text = subscription.follower.next(responses.HEARTBEAT)
    if subscription.follower.detached:
        yield RELOAD.format(subscription.address)
    else:
        yield subscription.render_end("messages/_ended_page.html") + parts.pop()
