"""An answer as server-sent events for htmx: partials while it grows, and its finished article at the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import chain

from flask import Response, render_template
from markupsafe import Markup, escape

from chat import rendering
from chat.conversations import Reply
from chat.routes.streaming import responses
from chat.routes.streaming.reasoning_fold import ReasoningFold
from chat.routes.streaming.responses import Subscription
from chat.routes.streaming.sse_format import event, long_event, partial, partial_of

HEARTBEAT_EVENT = "event:beat\n\n"
"""What to send in a silence: following.js hears an event, but would hear no comment."""

NOTICE_POLL = 1.0
"""How often to look for the provider's notice while the user waits for the first word, in seconds."""

COME_AGAIN = ": broken\n\n"
"""A comment at the end of a broken stream: the page follows again because the last event is missing."""


def as_events(reply: Reply, once: bool = False) -> Response:
    """Stream a reply as server-sent events of htmx partials; with `once`, send its text so far and end."""
    mark = Markup(render_template("messages/_resumed.html", message=reply))
    subscription = responses.subscribe(reply.conversation_id, reply.id, responses.SPAN)
    side = side_partials(subscription, ReasoningFold(subscription, reply), mark)
    return responses.send(subscription, events(subscription, side, once), "text/event-stream", COME_AGAIN)


def events(subscription: Subscription, side: Iterator[list[Markup]], once: bool) -> Iterator[str]:
    """Yield the events of a reply; the last one puts its finished article in place, which ends the connection."""
    growing = rendering.BoundedRenderer(f"m{subscription.reply_id}")
    yield from growing_events(subscription, growing, side, once)
    if not subscription.follower.detached:
        subscription.send_queued()
        messages, html = growing.end()
        yield "".join(map(event, [*messages, subscription.render_end("messages/_ended.html", shown=html)]))


def growing_events(
    subscription: Subscription, growing: rendering.IncrementalRenderer, side: Iterator[list[Markup]], once: bool
) -> Iterator[str]:
    """Yield an event for each change, and a beat after a long silence."""
    follower = subscription.follower
    text = follower.next(0)
    if text is None:
        yield ": here\n\n"  # if nothing follows: htmx repeats a request whose response was empty
        return
    said, beat = bool(text), time.monotonic() + responses.HEARTBEAT
    texts = chain([text], follower.so_far())
    body = partial_of(f"#reply-{subscription.reply_id}-body", "innerHTML", growing.begin(texts, time.monotonic()))
    yield from long_event(chain(body, next(side)))
    while (text := follower.next(0 if once else pause(beat, growing.due, said))) is not None:
        if once:
            return follower.detach()
        now, said = time.monotonic(), said or bool(text)
        messages = [*growing.feed(text, now), *next(side)]
        if messages or now >= beat:
            yield "".join(map(event, messages)) or HEARTBEAT_EVENT
            beat = now + responses.HEARTBEAT
    yield from map(event, chain.from_iterable(iter(lambda: next(side), [])))


def pause(beat: float, due: float | None, said: bool) -> float:
    """Return how many seconds to wait for text: until the next beat, a due drawing, or a look for a notice."""
    until = min(beat, due or beat) - time.monotonic()
    return max(0, until if said else min(until, NOTICE_POLL))


def side_partials(subscription: Subscription, fold: ReasoningFold, mark: Markup) -> Iterator[list[Markup]]:
    """Yield at each look the partials that changed beside the answer: reasoning, provider's notice, resumed mark."""
    scope, shown = f"#reply-{subscription.reply_id}", None
    while True:
        live, before = subscription.follower.shown, shown
        notice, resumed = shown = (live.notice, mark if live.attempts else Markup())
        if shown == before:
            yield fold.news()
        else:
            yield [
                *fold.news(),
                partial(f"{scope}-notice", "innerHTML", escape(notice)),
                partial(f"{scope}-resumed", "innerHTML", resumed),
            ]
