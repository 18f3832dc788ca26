"""HTTP in and out: one blueprint a noun."""

from __future__ import annotations

from flask import Flask

from chat.routes import assets, conversations, errors, health, messages, replies


def register(app: Flask) -> None:
    """Give an app all its routes and its answers to errors."""
    for module in (assets, conversations, health, messages, replies):
        app.register_blueprint(module.bp)
    assets.bundle(app)
    errors.register(app)
