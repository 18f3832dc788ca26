"""Responses sent while an answer is written; event_stream.py, html_page.py and plain_text.py have its three forms.

While a stream waits it holds no session, app context or database connection: a thousand of them wait at once. Its first
bytes leave at once, and later some at least every HEARTBEAT seconds, because routers cut silent connections. A beat
is an event without data, a comment in a page or, in plain text before the first word, an empty line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from flask import Flask, Response, current_app, render_template, request
from markupsafe import Markup

from chat import conversations, rendering
from chat.replies import Follower
from chat.routes import pages, sidebar
from chat.storage.database import NotFound
from chat.web import current_user, spool, time_zones
from chat.web.state import state
from chat.web.streams import StillGenerating, StreamAborted, Streams

HEARTBEAT = 15.0
"""The longest silence of a stream, in seconds."""

SPAN = 300.0
"""The longest response to a browser, in seconds; the page then asks again. Railway cuts responses at 15 minutes."""

HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}


@dataclass(frozen=True)
class Subscription:
    """One browser's view of one reply, in plain values that outlive the request."""

    app: Flask
    session: str
    person_id: int | None
    conversation_id: int
    reply_id: int
    root: str
    zone: tzinfo
    follower: Follower

    @property
    def address(self) -> str:
        """The address of its conversation."""
        return f"{self.root}/conversations/{self.conversation_id}"

    def send_queued(self) -> None:
        """Send the message that waited for this reply. Raises DatabaseAway."""
        with self.app.app_context():
            state.replies.send_queued(self.reply_id)

    def render(self, template: str, **values: Any) -> Markup:
        """Render a part of the reply while it is written."""
        known = {"root": self.root, "message": {"id": self.reply_id}}
        with self.app.app_context():
            return Markup(render_template(template, **known | values))

    def render_end(self, template: str, sent: int = 0, shown: str | None = None) -> str:
        """Render the finished reply, after `sent` characters of its text; the page shows HTML of the digest `shown`.

        A deleted reply is no message. Raises StillGenerating.
        """
        with self.app.app_context():
            time_zones.keep_zone(self.zone)
            content = self._content(sent)
            stands = shown is not None and content["message"] and shown == rendering.digest(content["message"]["html"])
            known = {"root": self.root, "reply_id": self.reply_id, "stands": stands}
            return render_template(template, **known, **content)

    def _content(self, sent: int) -> dict[str, Any]:
        with pages.snapshot():
            try:
                reply = conversations.reply_of(state.database, self.person_id, self.reply_id)
            except NotFound:
                return {"message": None, "rest": ""}
            if reply.state == "generating":
                raise StillGenerating
            shown = {"message": pages.message_view(reply), "rest": reply.text[sent:]}
            listed = sidebar.heading(self.person_id, reply.conversation_id)
            queued = conversations.find_queued(state.database, reply.conversation_id)
            followed = listed["current"].leaf_id != reply.id and conversations.is_followed(state.database, reply.id)
            return {**shown, **listed, "queued": queued, "followed": followed}


def subscribe(conversation_id: int, reply_id: int, span: float) -> Subscription:
    """Follow a reply for the user of this request, for at most `span` seconds."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    follower = state.replies.follow(reply_id, span)
    session, person_id = current_user.session_name(), current_user.person_id()
    zone = time_zones.reader_zone()
    return Subscription(app, session, person_id, conversation_id, reply_id, request.script_root, zone, follower)


def send(subscription: Subscription, stream: Iterator[str], mimetype: str, farewell: str) -> Response:
    """Send a stream while its session lasts; if it breaks, `farewell` is its last word. Raises TooManyStreams."""
    streams = state.streams
    streams.require_room()
    texts = spool.spool_long_texts(stream, spool.spool_factory())
    return Response(body_of(streams, subscription, texts, farewell), mimetype=mimetype, headers=HEADERS)


def body_of(streams: Streams, subscription: Subscription, texts: Iterator[bytes], farewell: str) -> Iterator[bytes]:
    """Yield a stream; count it and watch its session from its first byte on."""
    try:
        with streams.open_stream(subscription.session, subscription.follower):
            yield from texts
    except StreamAborted:
        yield farewell.encode()
