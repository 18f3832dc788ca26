"""HTTP in and out: one blueprint for each noun."""

from __future__ import annotations

from flask import Flask

from chat.routes import (
    admin,
    appearance,
    auth,
    conversations,
    errors,
    exports,
    health,
    messages,
    queue,
    replies,
    time_filters,
)
from chat.web import assets, request_body, urls
from chat.web.ids import IdConverter


def register(app: Flask) -> None:
    app.url_map.converters["id"] = IdConverter
    request_body.register(app)
    for module in (appearance, assets, conversations, exports, health, messages, queue, replies):
        app.register_blueprint(module.bp)
    auth.register(app)
    admin.register(app)
    urls.register(app)
    assets.register(app)
    appearance.register(app)
    time_filters.register(app)
    errors.register(app)
