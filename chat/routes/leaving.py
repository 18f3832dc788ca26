"""A process that is about to end begins nothing new."""

from __future__ import annotations

from flask import Blueprint, request

from chat.routes import pages

bp = Blueprint("leaving", __name__)


@bp.before_app_request
def refuse_what_begins() -> None:
    """Refuse sends of all kinds; reading, following and stopping go on. Raises Leaving."""
    if request.method == "POST" and request.blueprint in {"messages", "replies"} and request.endpoint != "replies.stop":
        pages.replies().require_open()
