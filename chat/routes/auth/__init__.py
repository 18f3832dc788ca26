"""How people come in, and what is theirs when they have: one blueprint a noun."""

from __future__ import annotations

from flask import Flask

from chat.routes.auth import account, first_admin, invites, login, oidc, password_resets


def register(app: Flask) -> None:
    """Give an app the pages by which people sign in. Raises WrongSetting."""
    for module in (account, first_admin, invites, oidc, password_resets, login):
        app.register_blueprint(module.bp)
    oidc.register(app)
