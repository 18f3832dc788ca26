"""What admins see and do: one blueprint a noun, all behind one door. Nobody's conversations are among it."""

from __future__ import annotations

from flask import Flask, request

from chat.routes.admin import audit, health, invites, models, people, settings
from chat.web import current_user

PREFIX = "/admin"


def register(app: Flask) -> None:
    """Give an app the pages for admins, and their door."""
    app.before_request(require_admin)
    for module in (health, people, invites, models, audit, settings):
        app.register_blueprint(module.bp)


def require_admin() -> None:
    """Let only admins at what stands under /admin; for others it isn't there. Raises NotFound."""
    rule = request.url_rule.rule if request.url_rule else ""
    if f"{rule}/".startswith(f"{PREFIX}/"):
        current_user.require_admin()
