"""Responses that are sent while an answer is written: events.py, html_page.py and plain_text.py have its three forms.

The generators hold no session, no app context and no database connection while they wait: a thousand of them wait at
once. Their first bytes go out at once, and something at least every HEARTBEAT seconds: routers cut a silent
connection. That is an event without data; in a page a comment; in bare text an empty line before the first word,
after which nothing could be said in between.
"""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response

from chat.routes.streaming.subscription import Subscription
from chat.web import spool
from chat.web.state import state
from chat.web.streams import StreamAborted, Streams

HEARTBEAT = 15.0
"""The longest silence of a stream, in seconds."""

SPAN = 300.0
"""The longest that one response to a browser lasts, in seconds, which then asks again; Railway cuts at 15 minutes."""

HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}


def send(subscription: Subscription, stream: Iterator[str], mimetype: str, farewell: str) -> Response:
    """Send a stream while its session lasts; where it breaks, `farewell` is its last word. Raises TooManyStreams."""
    streams = state.streams
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
