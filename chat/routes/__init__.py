"""HTTP in and out: one blueprint a noun."""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import IntegerConverter

from chat.routes import admin, auth, conversations, errors, exports, health, messages, replies, reply_facts
from chat.web import assets, request_body, urls


class Id(IntegerConverter):
    """An id in an address, no longer than a database can compare; a longer one is not found."""

    regex = "[0-9]{1,9}"


def register(app: Flask) -> None:
    """Give an app all its routes and its answers to errors."""
    app.url_map.converters["id"] = Id
    request_body.register(app)
    for module in (assets, conversations, exports, health, messages, replies):
        app.register_blueprint(module.bp)
    auth.register(app)
    admin.register(app)
    urls.register(app)
    assets.register(app)
    reply_facts.register(app)
    errors.register(app)
