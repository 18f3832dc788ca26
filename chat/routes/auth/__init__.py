"""How people come in, and what is theirs when they have: one blueprint a noun, and the gate before all there is."""

from __future__ import annotations

from flask import Flask

from chat.routes.auth import account, invites, login, oidc, password_resets, setup
from chat.web import access, proxy_login


def register(app: Flask) -> None:
    """Give an app its gate, and the doors in it. Raises WrongSetting."""
    # Who somebody is by a proxy's word is known before the gate asks.
    for module in (proxy_login, access, account, setup, invites, oidc, password_resets, login):
        app.register_blueprint(module.bp)
    oidc.register(app)
    proxy_login.register(app)
