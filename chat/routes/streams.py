"""An answer on its way to a browser: as events for htmx, as a page without JavaScript, as bare text.

The generators hold no session, no app context and no database connection while they wait: a thousand of them wait at
once. Their first bytes go out at once, and something at least every BEAT seconds, for routers that cut what is silent.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Flask, Response, current_app, render_template
from markupsafe import Markup, escape
from sqlalchemy import Row

from chat import conversations, rendering
from chat.conversations import NotFound, Turn
from chat.replies import Follower
from chat.routes import pages, visitor

BEAT = 15.0
"""The longest silence of a stream, in seconds."""

HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}

ANSWER_HERE = "<!-- the answer -->"
"""Where the template of a streamed page is cut in two."""


@dataclass(frozen=True)
class Watch:
    """One browser's view of one reply: plain values that outlive the request."""

    app: Flask
    person_id: int | None
    reply_id: int
    follower: Follower

    def ended(self, template: str, sent: int = 0) -> str:
        """Render the reply as it ended, after `sent` characters of its text."""
        with self.app.app_context():
            database = pages.database()
            reply = conversations.reply_of(database, self.person_id, self.reply_id)
            listed = conversations.listing(database, self.person_id)
            current = conversations.find(database, self.person_id, reply.conversation_id)
            content = {"message": pages.shown(reply), "rest": reply.text[sent:]}
            return render_template(template, conversations=listed, current=current, **content)


def watch(reply_id: int) -> Watch:
    """Begin to watch a reply for the visitor of this request."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return Watch(app, visitor.person_id(), reply_id, pages.replies().follow(reply_id))


def as_events(reply: Row) -> Response:
    """Stream a reply as server-sent events of htmx partials."""
    return Response(events(watch(reply.id)), mimetype="text/event-stream", headers=HEADERS)


def events(watched: Watch) -> Iterator[str]:
    """Yield the events of a reply; the last one puts its finished article in place, which ends the connection."""
    yield ": here\n\n"
    yield from growing_events(watched)
    try:
        yield event(watched.ended("messages/_ended.html"))
    except NotFound:  # deleted meanwhile
        yield event(part(f"#reply-{watched.reply_id}", "delete", Markup()))


def growing_events(watched: Watch) -> Iterator[str]:
    """Yield an event for each change, and a comment where nothing changes for long."""
    scope = f"#reply-{watched.reply_id}"
    growing = rendering.Growing(f"m{watched.reply_id}")
    first = watched.follower.next(0)
    if first is None:
        return
    growing.feed(first, time.monotonic())
    blocks, tail = growing.whole_so_far()
    yield event(part(f"{scope}-blocks", "innerHTML", blocks) + part(f"{scope}-tail", "innerHTML", tail))
    beat, notice = time.monotonic() + BEAT, ""
    while (text := watched.follower.next(max(0, min(beat, growing.due or beat) - time.monotonic()))) is not None:
        now = time.monotonic()
        parts = [drawn(scope, change) for change in growing.feed(text, now)]
        if watched.follower.notice != notice:
            notice = watched.follower.notice
            parts.append(part(f"{scope}-notice", "innerHTML", escape(notice)))
        if parts:
            yield event(Markup().join(parts))
        elif now >= beat:
            yield ": beat\n\n"
        beat = now + BEAT if parts or now >= beat else beat


def drawn(scope: str, change: rendering.Change) -> Markup:
    """Turn a change of a growing answer into the partial that makes it."""
    match change.kind:
        case "block":
            return part(f"{scope}-blocks", "beforeend", change.html)
        case "tail":
            return part(f"{scope}-tail", "innerHTML", change.html)
        case _:
            return part(f"{scope}-tail .open", "beforeend", change.html)


def part(target: str, swap: str, html: Markup) -> Markup:
    """Make a partial: HTML, where it goes, and how."""
    return Markup('<hx-partial hx-target="{}" hx-swap="{}">{}</hx-partial>').format(target, swap, html)


def event(html: str) -> str:
    """Make a server-sent event of a fragment; each of its lines is a data line of its own."""
    return "".join(f"data: {line}\n" for line in html.replace("\r", "").split("\n")) + "\n"


def as_text(reply_id: int) -> Response:
    """Stream a reply as bare text, for curl and its like."""
    return Response(text_of(watch(reply_id)), mimetype="text/plain", headers=HEADERS)


def text_of(watched: Watch) -> Iterator[str]:
    """Yield the text of a reply, and at the end why it is not whole, if it isn't."""
    sent = 0
    while (text := watched.follower.next(BEAT)) is not None:
        sent += len(text)
        yield text
    yield watched.ended("messages/_ended.txt", sent)


def as_page(conversation: Row, turn: Turn) -> Response:
    """Stream a whole page, for a browser without JavaScript."""
    page = pages.page(conversation, streamed=turn.reply_id, answer_here=Markup(ANSWER_HERE))
    return Response(page_of(page, watch(turn.reply_id)), mimetype="text/html", headers=HEADERS)


def page_of(page: str, watched: Watch) -> Iterator[str]:
    """Yield a page up to the answer, the answer as it grows, its finished form, and the page's end.

    What is open stands as plain text; the style hides it as soon as its rendered block follows.
    """
    before, after = page.split(ANSWER_HERE)
    yield before
    blocks = rendering.Blocks(f"m{watched.reply_id}")
    while (text := watched.follower.next(BEAT)) is not None:
        closed = blocks.feed(text)
        if closed:
            yield Markup('</div><div class="block">{}</div><div class="raw">{}').format(closed, blocks.open)
        else:
            yield str(escape(text)) or "<!-- -->"
    yield watched.ended("messages/_ended_page.html") + after
