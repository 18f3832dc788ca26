"""The admin pages: one blueprint a noun, all under /admin. They show no conversations."""

from __future__ import annotations

from flask import Flask

from chat.routes.admin import audit, health, invites, models, overview, people, settings


def register(app: Flask) -> None:
    for module in (overview, health, people, invites, models, audit, settings):
        app.register_blueprint(module.bp)
