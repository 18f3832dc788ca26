"""Sign-in and accounts: one blueprint a noun."""

from __future__ import annotations

from flask import Flask

from chat.routes.auth import account, first_admin, invites, login, oidc, password_resets


def register(app: Flask) -> None:
    """Register the blueprints, the OpenID provider and the proxy's header. Raises WrongSetting."""
    for module in (account, first_admin, invites, oidc, password_resets, login):
        app.register_blueprint(module.bp)
    oidc.register(app)
