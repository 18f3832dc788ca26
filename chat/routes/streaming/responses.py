"""An answer on its way to a browser: as events for htmx, as a page without JavaScript, as bare text.

The generators hold no session, no app context and no database connection while they wait: a thousand of them wait at
once. Their first bytes go out at once, and something at least every BEAT seconds, for routers that cut what is silent.
That is an event without data; in a page a comment; in bare text an empty line before the first word, after which
nothing could be said in between.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import chain
from math import inf

from flask import Response, current_app, render_template
from markupsafe import Markup, escape

from chat import conversations, rendering
from chat.conversations import Reply, Turn, paging
from chat.routes import pages
from chat.routes.streaming.failures import unbroken
from chat.routes.streaming.sse import Beside, event, long_event, part_of
from chat.routes.streaming.subscription import Watch, watch
from chat.web import spool, state

BEAT = 15.0
"""The longest silence of a stream, in seconds."""

BEATS = "event:beat\n\n"
"""What a stream of events says in a silence: following.js hears it, where it would hear no comment."""

SPAN = 300.0
"""The longest that one response to a browser lasts, in seconds, which then asks again; Railway cuts at 15 minutes."""

LOOK = 1.0
"""How often, in seconds, the provider's notice is looked for while the first word is awaited."""

HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}

ANSWER_HERE = "<!-- the answer -->"
"""Where the template of a streamed page is cut in two."""


AGAIN = Markup('<meta http-equiv="refresh" content="1; url={}">')
"""Leads a page without JavaScript to where its answer goes on, when this process goes away or the page breaks."""

BROKEN = "\n\n[Something broke on the server. The answer goes on in {}.txt]\n"
LEFT = "\n\n[The server is being restarted. The answer goes on in {}.txt]\n"
"""Say in bare text where its answer goes on."""

COME_AGAIN = ": broken\n\n"
"""A comment in a stream of events that broke: the page follows again where the last event is missing."""

SIGNED_OUT = "\n\n[This session has ended, so the rest is not shown here. Sign in to see it.]\n"


def sent(watched: Watch, stream: Iterator[str], mimetype: str, farewell: str) -> Response:
    """Send a stream while its session may see it; where it breaks, its reader is told `farewell`. Raises NoRoom."""
    here = state.of(current_app)
    here.capacity.require()
    stream = here.watcher.watched(watched.session, watched.follower, here.capacity.counted(stream))
    return Response(
        unbroken(spool.bounded(stream, spool.maker()), farewell.encode()), mimetype=mimetype, headers=HEADERS
    )


def as_events(reply: Reply, once: bool = False) -> Response:
    """Stream a reply as server-sent events of htmx partials; `once` gives what there is and ends."""
    mark = Markup(render_template("messages/_resumed.html", message=reply))
    watched = watch(reply.conversation_id, reply.id, SPAN)
    return sent(watched, events(watched, mark, once), "text/event-stream", COME_AGAIN)


def events(watched: Watch, mark: Markup, once: bool) -> Iterator[str]:
    """Yield the events of a reply; the last one puts its finished article in place, which ends the connection."""
    growing = rendering.Bounded(f"m{watched.reply_id}")
    yield from growing_events(watched, growing, mark, once)
    if not watched.follower.detached:
        messages, html = growing.end()
        yield "".join(map(event, [*messages, watched.ended("messages/_ended.html", shown=html)]))


def growing_events(watched: Watch, growing: rendering.Growing, mark: Markup, once: bool) -> Iterator[str]:
    """Yield an event for each message, and a beat where nothing changes for long."""
    text = watched.follower.next(0)
    if text is None:
        yield ": here\n\n"  # where nothing follows: htmx asks again and again for what was empty
        return
    beside, said, beat = Beside(watched, mark), bool(text), time.monotonic() + BEAT
    texts = chain([text], watched.follower.so_far())
    body = part_of(f"#reply-{watched.reply_id}-body", "innerHTML", growing.begin(texts, time.monotonic()))
    yield from long_event(chain(body, beside.changes()))
    while (text := watched.follower.next(0 if once else pause(beat, growing.due, said))) is not None:
        if once:
            return watched.follower.detach()
        now, said = time.monotonic(), said or bool(text)
        messages = [*growing.feed(text, now), *beside.changes()]
        if messages or now >= beat:
            yield "".join(map(event, messages)) or BEATS
            beat = now + BEAT


def pause(beat: float, due: float | None, said: bool) -> float:
    """Tell how long to wait for text, in seconds: until the next beat, or a drawing that is due, or a notice."""
    until = min(beat, due or beat) - time.monotonic()
    return max(0, until if said else min(until, LOOK))


def as_text(turn: Turn) -> Response:
    """Stream a reply as bare text, for curl and its like."""
    watched = watch(turn.conversation_id, turn.reply_id, inf)
    return sent(watched, text_of(watched), "text/plain", BROKEN.format(watched.address))


def text_of(watched: Watch) -> Iterator[str]:
    """Yield the text of a reply, and at the end why it is not whole, if it isn't."""
    yield ""  # sends the headers
    sent = 0
    while (text := watched.follower.next(BEAT)) is not None:
        sent += len(text)
        yield text or ("" if sent else "\n")
    if watched.follower.detached:
        yield SIGNED_OUT if watched.follower.dismissed else LEFT.format(watched.address)
    else:
        yield watched.ended("messages/_ended.txt", sent)


def as_page(turn: Turn) -> Response:
    """Stream a whole page, for a browser without JavaScript. Raises NotFound."""
    with pages.moment():
        conversation = conversations.find(state.database(), turn.person_id, turn.conversation_id)
        window = paging.newest(state.database(), turn.reply_id)
        page = pages.page(conversation, window, streamed=turn.reply_id, answer_here=Markup(ANSWER_HERE))
    watched = watch(turn.conversation_id, turn.reply_id, SPAN)
    return sent(watched, page_of(page.split(ANSWER_HERE), watched), "text/html", AGAIN.format(watched.address))


def page_of(parts: list[str], watched: Watch) -> Iterator[str]:
    """Yield a page, given as two parts, up to the answer, the answer as it grows, its finished form, and the rest.

    What is open stands as plain text; the style hides it as soon as its rendered block follows.
    """
    yield parts.pop(0)
    blocks = rendering.Blocks(f"m{watched.reply_id}")  # those after one that is too long to be kept stay plain text
    while (text := watched.follower.next(BEAT)) is not None:
        closed = "" if blocks.is_long else blocks.feed(text)
        if closed:
            yield Markup('</div><div class="block">{}</div><div class="raw">{}').format(closed, blocks.open)
        else:
            yield str(escape(text)) or "<!-- -->"
    if watched.follower.detached:
        yield AGAIN.format(watched.address)
    else:
        yield watched.ended("messages/_ended_page.html") + parts.pop()
