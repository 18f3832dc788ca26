"""One browser's view of one reply: what is asked of it once the request is over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, render_template, request

from chat import conversations, rendering
from chat.replies import Follower
from chat.routes import pages
from chat.storage.database import NotFound
from chat.web import current_user
from chat.web.state import state
from chat.web.streams import StillGenerating


@dataclass(frozen=True)
class Subscription:
    """One browser's view of one reply: plain values that outlive the request."""

    app: Flask
    session: str
    person_id: int | None
    conversation_id: int
    reply_id: int
    root: str
    follower: Follower

    @property
    def address(self) -> str:
        """Say where its conversation is."""
        return f"{self.root}/conversations/{self.conversation_id}"

    def render_end(self, template: str, sent: int = 0, shown: str | None = None) -> str:
        """Render the reply as it ended, after `sent` characters of its text, on a page that shows HTML of the digest
        `shown` already; a deleted one is no message. Raises StillGenerating.
        """
        with self.app.app_context():
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
            return {**shown, **pages.sidebar(self.person_id, reply.conversation_id)}


def subscribe(conversation_id: int, reply_id: int, span: float) -> Subscription:
    """Begin to watch a reply for the visitor of this request, for `span` seconds at most."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    follower = state.replies.follow(reply_id, span)
    session, person_id = current_user.session_name(), current_user.person_id()
    return Subscription(app, session, person_id, conversation_id, reply_id, request.script_root, follower)
