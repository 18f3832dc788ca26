"""What admins see and do: one blueprint a noun, all under /admin. Nobody's conversations are among it."""

from __future__ import annotations

from flask import Flask

from chat.routes.admin import audit, health, invites, models, people, settings


def register(app: Flask) -> None:
    """Give an app the pages for admins."""
    for module in (health, people, invites, models, audit, settings):
        app.register_blueprint(module.bp)
