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
from chat.routes.streaming.sse import event, long_event, partial, partial_of
from chat.routes.streaming.subscription import Subscription, subscribe

HEARTBEAT_EVENT = "event:beat\n\n"
"""What is said in a silence: following.js hears it, where it would hear no comment."""

NOTICE_POLL = 1.0
"""How often, in seconds, the provider's notice is looked for while the first word is awaited."""

COME_AGAIN = ": broken\n\n"
"""A comment in a stream that broke: the page follows again where the last event is missing."""


def as_events(reply: Reply, once: bool = False) -> Response:
    """Stream a reply as server-sent events of htmx partials; `once` gives what there is and ends."""
    mark = Markup(render_template("messages/_resumed.html", message=reply))
    subscription = subscribe(reply.conversation_id, reply.id, responses.SPAN)
    return responses.send(subscription, events(subscription, mark, once), "text/event-stream", COME_AGAIN)


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
    beside, said, beat = SidePartials(subscription, mark), bool(text), time.monotonic() + responses.HEARTBEAT
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
            beat = now + responses.HEARTBEAT


def pause(beat: float, due: float | None, said: bool) -> float:
    """Tell how long to wait for text, in seconds: until the next beat, or a drawing that is due, or a notice."""
    until = min(beat, due or beat) - time.monotonic()
    return max(0, until if said else min(until, NOTICE_POLL))


class SidePartials:
    """What is told beside an answer while it grows: the provider's notice, and the mark of what was resumed."""

    def __init__(self, subscription: Subscription, mark: Markup):
        self._follower, self._mark = subscription.follower, mark
        self._scope = f"#reply-{subscription.reply_id}"
        self._told: tuple[str, bool] | None = None

    def changes(self) -> Iterator[Markup]:
        """Yield the partials for what has changed."""
        told = self._follower.notice, self._follower.attempts > 0
        if told != self._told:
            self._told = told
            yield partial(f"{self._scope}-notice", "innerHTML", escape(told[0]))
            yield partial(f"{self._scope}-resumed", "innerHTML", self._mark if told[1] else Markup())
