"""An answer on its way to a browser: as events for htmx, as a page without JavaScript, as bare text.

The generators hold no session, no app context and no database connection while they wait: a thousand of them wait at
once. Their first bytes go out at once, and something at least every HEARTBEAT seconds: routers cut a silent
connection. That is an event without data; in a page a comment; in bare text an empty line before the first word,
after which nothing could be said in between.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import chain
from math import inf

from flask import Response, current_app, render_template
from markupsafe import Markup, escape
from sqlalchemy import Row

from chat import conversations, rendering
from chat.conversations import Turn, paging
from chat.routes import pages
from chat.routes.streaming.sse import SidePartials, event, long_event, partial_of
from chat.routes.streaming.subscription import Subscription, subscribe
from chat.web import spool, state
from chat.web.streams import StreamAborted, Streams

HEARTBEAT = 15.0
"""The longest silence of a stream, in seconds."""

HEARTBEAT_EVENT = "event:beat\n\n"
"""What a stream of events says in a silence: following.js hears it, where it would hear no comment."""

SPAN = 300.0
"""The longest that one response to a browser lasts, in seconds, which then asks again; Railway cuts at 15 minutes."""

NOTICE_POLL = 1.0
"""How often, in seconds, the provider's notice is looked for while the first word is awaited."""

HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}

ANSWER_HERE = "<!-- the answer -->"
"""Where the template of a streamed page is cut in two."""


RELOAD = Markup('<meta http-equiv="refresh" content="1; url={}">')
"""Leads a page without JavaScript to where its answer goes on, when this process goes away or the page breaks."""

BROKEN = "\n\n[Something broke on the server. The answer goes on in {}.txt]\n"
LEFT = "\n\n[The server is being restarted. The answer goes on in {}.txt]\n"
"""Say in bare text where its answer goes on."""

COME_AGAIN = ": broken\n\n"
"""A comment in a stream of events that broke: the page follows again where the last event is missing."""

SIGNED_OUT = "\n\n[This session has ended, so the rest is not shown here. Sign in to see it.]\n"


def send(subscription: Subscription, stream: Iterator[str], mimetype: str, farewell: str) -> Response:
    """Send a stream while its session lasts; where it breaks, `farewell` is its last word. Raises TooManyStreams."""
    streams = state.of(current_app).streams
    streams.require_room()
    texts = spool.spool_long_texts(stream, spool.spool_factory())
    return Response(body_of(streams, subscription, texts, farewell), mimetype=mimetype, headers=HEADERS)


def body_of(streams: Streams, subscription: Subscription, texts: Iterator[bytes], farewell: str) -> Iterator[bytes]:
    """Yield a stream, counted and watched from its first byte on."""
    try:
        with streams.open_stream(subscription.session, subscription.follower):
            yield from texts
    except StreamAborted:
        yield farewell.encode()


def as_events(reply: Row, once: bool = False) -> Response:
    """Stream a reply as server-sent events of htmx partials; `once` gives what there is and ends."""
    mark = Markup(render_template("messages/_resumed.html", message=reply))
    subscription = subscribe(reply.conversation_id, reply.id, SPAN)
    return send(subscription, events(subscription, mark, once), "text/event-stream", COME_AGAIN)


def events(subscription: Subscription, mark: Markup, once: bool) -> Iterator[str]:
    """Yield the events of a reply; the last one puts its finished article in place, which ends the connection."""
    growing = rendering.BoundedRenderer(f"m{subscription.reply_id}")
    yield from growing_events(subscription, growing, mark, once)
    if not subscription.follower.detached:
        messages, html = growing.end()
        yield "".join(map(event, [*messages, subscription.render_end("messages/_ended.html", shown=html)]))


def growing_events(
    subscription: Subscription, growing: rendering.IncrementalRenderer, mark: Markup, once: bool
) -> Iterator[str]:
    """Yield an event for each message, and a beat where nothing changes for long."""
    text = subscription.follower.next(0)
    if text is None:
        yield ": here\n\n"  # where nothing follows: htmx asks again and again for what was empty
        return
    beside, said, beat = SidePartials(subscription, mark), bool(text), time.monotonic() + HEARTBEAT
    texts = chain([text], subscription.follower.so_far())
    body = partial_of(f"#reply-{subscription.reply_id}-body", "innerHTML", growing.begin(texts, time.monotonic()))
    yield from long_event(chain(body, beside.changes()))
    while (text := subscription.follower.next(0 if once else pause(beat, growing.due, said))) is not None:
        if once:
            return subscription.follower.detach()
        now, said = time.monotonic(), said or bool(text)
        messages = [*growing.feed(text, now), *beside.changes()]
        if messages or now >= beat:
            yield "".join(map(event, messages)) or HEARTBEAT_EVENT
            beat = now + HEARTBEAT


def pause(beat: float, due: float | None, said: bool) -> float:
    """Tell how long to wait for text, in seconds: until the next beat, or a drawing that is due, or a notice."""
    until = min(beat, due or beat) - time.monotonic()
    return max(0, until if said else min(until, NOTICE_POLL))


def as_text(turn: Turn) -> Response:
    """Stream a reply as bare text, for curl and its like."""
    subscription = subscribe(turn.conversation_id, turn.reply_id, inf)
    return send(subscription, text_of(subscription), "text/plain", BROKEN.format(subscription.address))


def text_of(subscription: Subscription) -> Iterator[str]:
    """Yield the text of a reply, and at the end why it is not whole, if it isn't."""
    yield ""  # sends the headers
    sent = 0
    while (text := subscription.follower.next(HEARTBEAT)) is not None:
        sent += len(text)
        yield text or ("" if sent else "\n")
    if subscription.follower.detached:
        yield SIGNED_OUT if subscription.follower.dismissed else LEFT.format(subscription.address)
    else:
        yield subscription.render_end("messages/_ended.txt", sent)


def as_page(turn: Turn) -> Response:
    """Stream a whole page, for a browser without JavaScript. Raises NotFound."""
    with pages.moment():
        conversation = conversations.find(state.database(), turn.person_id, turn.conversation_id)
        window = paging.newest(state.database(), turn.reply_id)
        page = pages.page(conversation, window, streamed=turn.reply_id, answer_here=Markup(ANSWER_HERE))
    subscription = subscribe(turn.conversation_id, turn.reply_id, SPAN)
    return send(
        subscription, page_of(page.split(ANSWER_HERE), subscription), "text/html", RELOAD.format(subscription.address)
    )


def page_of(parts: list[str], subscription: Subscription) -> Iterator[str]:
    """Yield a page, given as two parts, up to the answer, the answer as it grows, its finished form, and the rest.

    What is open stands as plain text; the style hides it as soon as its rendered block follows.
    """
    yield parts.pop(0)
    blocks = rendering.Blocks(
        f"m{subscription.reply_id}"
    )  # those after one that is too long to be kept stay plain text
    while (text := subscription.follower.next(HEARTBEAT)) is not None:
        closed = "" if blocks.is_long else blocks.feed(text)
        if closed:
            yield Markup('</div><div class="block">{}</div><div class="raw">{}').format(closed, blocks.open)
        else:
            yield str(escape(text)) or "<!-- -->"
    if subscription.follower.detached:
        yield RELOAD.format(subscription.address)
    else:
        yield subscription.render_end("messages/_ended_page.html") + parts.pop()
